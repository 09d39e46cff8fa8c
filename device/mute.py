"""The mute switch: a small file whose presence keeps `estu listen` from hearing.

Rules:
1. While the file is there nothing is heard, also where nobody can read what it says.
2. It lies in memory (`/run`): a box that starts anew hears again, as its label promises.
3. Who mutes, and who ends it, stands in the signed log: `estu listen` writes an incident at each change.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from device.host import atomic_file
from device.moment import Utc

By = Literal["page", "button"]

_LARGEST = 4_096  # bytes


class Mute(msgspec.Struct, frozen=True):
    """The box shall not listen."""

    since: Utc | None = None  # UTC; None where the file does not say
    by: By | None = None


def read(path: Path) -> Mute | None:
    """Tell whether the box is muted; None if it is not."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=Mute)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return Mute()  # it is there: when in doubt the box does not listen


def set_mute(path: Path, by: By, now: datetime) -> None:
    """Mute; a box that is muted already stays muted since then.

    Args:
        path: The file; its folder exists.
        by: Who asks for it.
        now: UTC.

    Raises:
        OSError: It cannot be written; the box goes on listening.
    """
    if read(path) is None:
        atomic_file.show(path, msgspec.json.encode(Mute(now, by)))


def clear(path: Path) -> None:
    """Let the box listen again.

    Raises:
        OSError: The file cannot be removed; the box stays muted.
    """
    path.unlink(missing_ok=True)
