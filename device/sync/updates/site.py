"""Where the repository is, and how it is reached: plain values, taken from the settings."""

import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from device.errors import Refused
from device.host.clock import Instant
from device.sync import tls
from device.sync.link import Tls

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Site:
    """A server with the repository's files."""

    host: str
    port: int
    path: str  # of the folder with metadata/ and targets/, ends with a slash
    tls: Tls | None  # none: plain, which `from_url` allows on loopback only

    def __str__(self) -> str:
        """Name the server as a person would."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The folder's URL, with a slash at its end."""
        return f"{'http' if self.tls is None else 'https'}://{self.host}:{self.port}{self.path}"

    def context(self, now: Instant) -> ssl.SSLContext | None:
        """Give what TLS needs; None where there is none.

        Args:
            now: A certificate is held against this; a clock that nobody has set decides little (`sync/tls.py`).

        Raises:
            Waiting: The certificates cannot be read.
        """
        return None if self.tls is None else tls.context(self.tls, now)


def from_url(url: str, tls: Tls) -> Site:
    """Make a site of its URL.

    Args:
        url: `https://host[:443]/folder`; on loopback also `http://`, without TLS.
        tls: Whom to trust, and what to show.

    Raises:
        Refused: It is not such a URL, or would go in the clear over a network.
    """
    advice = "Write https://HOST/FOLDER, where FOLDER has metadata/ and targets/."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("updates-url", f"{url!r} is no address of updates: {error}.", advice) from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Refused("updates-url", f"{url!r} is no address of updates.", advice)
    plain = parts.scheme == "http"
    if plain and parts.hostname not in _LOOPBACK:
        raise Refused("updates-plain", f"{url!r} would go over a network without TLS.", advice)
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    return Site(parts.hostname, port or _PORTS[parts.scheme], path, None if plain else tls)
