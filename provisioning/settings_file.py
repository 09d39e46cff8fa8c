"""The settings a box starts with, as the TOML file that `device/settings.py` reads."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from device.errors import Refused
from provisioning.box import Box
from provisioning.updates import Updates

PORTS = {"mqtts": 8883, "mqtt": 1883, "wss": 443, "ws": 80}
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_URL = re.compile(
    r"(?P<scheme>mqtts?|wss?)://(?P<host>[a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(:(?P<port>[0-9]{1,5}))?"
)
_USB = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")  # vendor and product

# The names of the files in a box's folder.
SETTINGS, SIGNING_KEY, TLS_KEY, TLS_CERTIFICATE = "settings.toml", "signing.pem", "tls-key.pem", "tls.pem"
AUTHORITY, PLATFORM_KEYS, LABEL_CODE = "authority.pem", "platform.jwks", "label-code.scrypt"
ROOT = "root.json"


@dataclass(frozen=True)
class Places:
    """Where things will lie on the box."""

    identity: PurePosixPath  # the files that provisioning writes
    state: PurePosixPath  # what the box writes itself
    runtime: PurePosixPath  # what its services tell each other about this moment, in memory

    @classmethod
    def shipped(cls) -> "Places":
        """Give the places in the image."""
        return cls(PurePosixPath("/etc/estu"), PurePosixPath("/var/lib/estu"), PurePosixPath("/run/estu"))

    @classmethod
    def below(cls, prefix: PurePosixPath) -> "Places":
        """Put everything into one folder, as a demonstration or a test wants it."""
        return cls(prefix, prefix, prefix / "run")


def settings(
    box: Box, broker: str, places: Places, fallback: Sequence[str] = (), updates: Updates | None = None
) -> str:
    """Write a box's settings.

    Args:
        box: What was declared.
        broker: URL of the broker, checked by `broker_url`.
        places: Where the files will lie.
        fallback: More URLs of it, checked too, tried in turn where the first is blocked.
        updates: Where catalogues come from; None: they are copied to the box by hand.

    Returns:
        TOML; every value in it is a string, but for the list of fallbacks.
    """
    sections: dict[str, dict[str, str | Sequence[str]]] = {
        "box": {
            "id": box.id,
            "venue": box.venue,
            "hall": box.hall,
            "language": box.language,
            **({"contract": box.contract} if box.contract else {}),
        },
        "microphone": {"usb" if _USB.fullmatch(box.microphone) else "device": box.microphone},
        "paths": {
            "log": str(places.state / "log.sqlite"),
            "catalogue": str(places.state / "catalogue"),
            "signing_key": str(places.identity / SIGNING_KEY),
            "label_code": str(places.identity / LABEL_CODE),
            "runtime": str(places.runtime),
        },
        "broker": {
            "url": broker,
            **({"fallback": fallback} if fallback else {}),
            "ca": str(places.identity / AUTHORITY),
            "certificate": str(places.identity / TLS_CERTIFICATE),
            "key": str(places.identity / TLS_KEY),
            "platform_keys": str(places.identity / PLATFORM_KEYS),
        },
    }
    if updates is not None:
        sections["updates"] = {"url": updates.url, "root": str(places.identity / ROOT)}
        if not updates.public:
            sections["updates"] |= {name: sections["broker"][name] for name in ("ca", "certificate", "key")}
    lines = [f"# Box {box.id}: {box.venue}, {box.hall}. Written by estu-provision."]
    for section, values in sections.items():
        lines += ["", f"[{section}]", *(f"{key} = {_value(value)}" for key, value in values.items())]
    return "\n".join([*lines, ""])


def broker_url(url: str) -> str:
    """Check the broker's URL, and give it with its port.

    Raises:
        Refused: It is no URL of a broker, or would send events unencrypted over a network.
    """
    match = _URL.fullmatch(url)
    port = int(match["port"] or PORTS[match["scheme"]]) if match else 0
    if match is None or not 0 < port < 65536:
        raise Refused(
            "broker-url-faulty",
            f'"{url}" is not the URL of a broker.',
            "Give it as mqtts://broker.example:8883.",
        )
    if match["scheme"] in ("mqtt", "ws") and match["host"] not in LOOPBACK:
        raise Refused(
            "broker-url-open",
            f'"{url}" would send events unencrypted over the network.',
            "Give it as mqtts:// or wss://; mqtt:// and ws:// are for this machine's own broker only.",
        )
    return f"{match['scheme']}://{match['host']}:{port}"


def _value(value: str | Sequence[str]) -> str:
    return _string(value) if isinstance(value, str) else f"[{', '.join(map(_string, value))}]"


def _string(text: str) -> str:
    """Write a TOML basic string: its escapes are JSON's, but that it wants DEL escaped too (TOML 1.0, String)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
