"""The broker of the demonstration: mosquitto on this machine alone, with two doors as the platform's has.

The boxes' door asks for a certificate and lets each box write and read under its own name only, by the access list
that the platform's broker uses. The platform's door is for the receiver beside it, and is not encrypted: both doors
are on the loopback, and nothing passes through this one that the machine's own user could not read anyway.
"""

import getpass
import random
import shutil
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import central
from device.errors import Broken

ACCESS = Path(central.__file__).parent / "mosquitto" / "boxes.acl"
HOST = "127.0.0.1"
_OPENS_WITHIN = 10.0  # seconds
BELOW_EPHEMERAL = range(10_240, 32_768)  # ports; Linux gives those above to whoever connects

_CONFIGURATION = """\
per_listener_settings true
persistence false
user {user}
log_dest stderr
log_type error
log_type warning
log_type notice
max_inflight_messages 256
max_queued_messages 20000

# The boxes' door.
listener {boxes} {host}
tls_version tlsv1.2
cafile {folder}/authority.pem
certfile {folder}/server.pem
keyfile {folder}/server-key.pem
crlfile {folder}/revoked.pem
require_certificate true
allow_anonymous false
use_identity_as_username true
use_username_as_clientid true
acl_file {access}

# The platform's door.
listener {platform} {host}
allow_anonymous true
"""


@dataclass(frozen=True)
class Doors:
    """Where the broker is reached."""

    boxes: int  # port, with TLS
    platform: int  # port

    @property
    def boxes_url(self) -> str:
        """As a box is told it."""
        return f"mqtts://{HOST}:{self.boxes}"

    @property
    def platform_url(self) -> str:
        """As the receiver is told it."""
        return f"mqtt://{HOST}:{self.platform}"


def free_doors() -> Doors:
    """Choose two ports that nobody listens on now, and that nobody is given who connects before the broker opens them."""
    boxes, platform = islice(free_ports(BELOW_EPHEMERAL), 2)
    return Doors(boxes, platform)


def free_ports(among: Sequence[int]) -> Iterator[int]:
    """Give ports that nobody listens on when they are given, each once, in an order of chance.

    Args:
        among: Those to choose from.
    """
    for port in random.SystemRandom().sample(among, len(among)):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        yield port


def configure(folder: Path, doors: Doors) -> Path:
    """Write the broker's configuration.

    Args:
        folder: What `estu-provision authority issue-server` wrote.
        doors: Where to listen.

    Returns:
        The configuration's file.
    """
    path = folder / "mosquitto.conf"
    path.write_text(
        _CONFIGURATION.format(
            user=getpass.getuser(),  # otherwise mosquitto, started by root, could not read its own key
            host=HOST,
            boxes=doors.boxes,
            platform=doors.platform,
            folder=folder.resolve(),
            access=ACCESS,
        )
    )
    return path


def mosquitto() -> str:
    """Find the broker's program; Debian puts it where only root looks.

    Raises:
        Broken: It is not installed.
    """
    found = shutil.which("mosquitto") or shutil.which(
        "mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    )
    if found is None:
        raise Broken("demo-no-broker", "mosquitto is not installed.", "Install it: `apt install mosquitto`.")
    return found


def opened(doors: Doors) -> bool:
    """Wait a little until the broker lets somebody in, and tell whether it does."""
    until = time.monotonic() + _OPENS_WITHIN
    while time.monotonic() < until:
        try:
            socket.create_connection((HOST, doors.platform), timeout=1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
