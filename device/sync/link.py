"""How a broker is reached: plain values, taken from the settings."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from device.errors import Refused

_PORTS = {"mqtts": 8883, "wss": 443, "mqtt": 1883, "ws": 80}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Tls:
    """What proves the broker to us and us to the broker; the broker's name is always checked."""

    authority: Path | None  # certificates that the broker's may be signed by; none: the system's
    certificate: Path | None  # ours, with its chain; none only where the broker asks for none
    key: Path | None
    floor: datetime | None = (
        None  # UTC, surely passed: what the broker's certificate is held against by a box
    )
    # whose clock nobody has set yet; none: its clock is believed always


@dataclass(frozen=True)
class Link:
    """One way to one broker."""

    host: str
    port: int
    client: str  # the MQTT client's name; for a box its own
    tls: Tls | None  # none: plain, which `from_url` allows on loopback only
    transport: Literal["tcp", "websockets"] = "tcp"
    path: str = "/mqtt"  # of the WebSocket
    keepalive: int = 60  # seconds; a link that is silent for 1.5 of it is dead
    session_expiry: int = 7 * 24 * 3600  # seconds that the broker keeps our subscriptions and receipts for us
    receive_maximum: int = 64  # messages that the broker may send ahead of our acknowledgements
    connect_timeout: float = 20.0  # seconds, each for TCP, TLS and the broker's greeting
    largest_packet: int = 16_384  # bytes that we take in one packet; receipts and notices are small

    def __str__(self) -> str:
        """Name the broker as a person would."""
        return f"{self.host}:{self.port}"


def from_url(
    url: str,
    client: str,
    authority: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    floor: datetime | None = None,
) -> Link:
    """Make a link of a broker's URL.

    Args:
        url: `mqtts://host[:8883]`, `wss://host[:443][/mqtt]`; on loopback also `mqtt://` and `ws://`, without TLS.
        client: The MQTT client's name.
        authority: Certificates that the broker's may be signed by.
        certificate: Our own.
        key: The private key of our certificate.
        floor: UTC, the latest moment that has surely passed; a box hands it in, whose clock may start in 1970.

    Raises:
        Refused: It is not such a URL, or it would go in the clear over a network.
    """
    advice = "Write mqtts://HOST:8883, or wss://HOST where only web traffic passes."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("broker-url", f"{url!r} is not a broker's address: {error}.", advice) from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Refused("broker-url", f"{url!r} is not a broker's address.", advice)
    plain = parts.scheme in {"mqtt", "ws"}
    if plain and parts.hostname not in _LOOPBACK:
        raise Refused("broker-plain", f"{url!r} would go over a network without TLS.", advice)
    return Link(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        client=client,
        tls=None if plain else Tls(authority, certificate, key, floor),
        transport="websockets" if parts.scheme in {"ws", "wss"} else "tcp",
        path=parts.path if parts.path not in {"", "/"} else "/mqtt",
    )
