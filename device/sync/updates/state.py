"""How updates go, in a small file for the page and `estu status`."""

import logging
from pathlib import Path

import msgspec

from device.host import atomic_file
from device.moment import Utc
from device.trouble import Trouble

_log = logging.getLogger("estu.sync")

_LARGEST = 16_384  # bytes


class UpdateState(msgspec.Struct, frozen=True):
    """Updates at one moment; times are by the machine's clock, right or wrong."""

    server: str  # host and port
    written: Utc  # UTC
    checked: Utc | None = None  # UTC, when the server last offered something that the keys vouch for
    catalogue: int | None = (
        None  # the number of the catalogue that is here, as it was published; None: not by updates
    )
    created: str | None = None  # RFC 3339, UTC, when that catalogue was built
    system: str | None = None  # the version of the system that was laid ready last
    taken: int | None = None  # bytes that have come of what is being taken now; None: nothing is
    trouble: Trouble | None = None  # what went wrong at the last look


def read(path: Path) -> UpdateState | None:
    """Give the state that was last written, or None if there is none that can be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=UpdateState)
    except (OSError, ValueError, RecursionError):
        return None


def write(path: Path, state: UpdateState) -> None:
    """Put a state in place of the last one; a disk that takes nothing is logged, and the state grows old."""
    try:
        atomic_file.replace(path, msgspec.json.encode(state))
    except OSError as error:
        _log.warning("How updates go cannot be written to %s: %s.", path, error.strerror)
