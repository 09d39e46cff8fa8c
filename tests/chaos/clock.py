"""A season's time, and the clocks on the boxes' walls, which jump as they are told to, also years.

Both stand in small files: whoever moves them is another process than those who read them, and a box that is killed
comes back with a clock as wrong as before.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from device.host.atomic_file import replace
from device.host.clock import Instant, running

BEGIN = datetime(2026, 7, 1, tzinfo=UTC)
LENGTH = timedelta(days=92)  # July to September
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SeasonClock:
    """The clock on one box's wall."""

    offset: Path  # seconds, as text
    boot: UUID

    def at(self, share: float) -> Instant:
        """Read the clock at some point of the season.

        Args:
            share: From 0, the season's beginning, to 1, its end.
        """
        off = read_offset(self.offset)
        utc = max(_EARLIEST, BEGIN + LENGTH * share + timedelta(seconds=off))
        if off:
            return Instant(utc, running(), str(self.boot), "unsynchronised", None)
        return Instant(utc, running(), str(self.boot), "synchronised", 12)


class SeasonTime:
    """How much of the season is over; it stands still while the season waits for something."""

    def __init__(self, path: Path) -> None:
        """Begin to read or to move it."""
        self._path = path
        self._beside = path.with_suffix(".new")

    def move_to(self, share: float) -> None:
        """Say how much is over, from 0 to 1."""
        self._beside.write_text(str(share))
        self._beside.replace(self._path)

    def share(self) -> float:
        """Read how much is over."""
        return float(self._path.read_text())


def set_offset(path: Path, seconds: float) -> None:
    """Make the clock jump."""
    replace(path, str(seconds).encode())


def read_offset(path: Path) -> float:
    """Give by how many seconds the clock is ahead."""
    return float(path.read_text())
