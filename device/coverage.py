"""What the box could and could not hear, as a fact: so that "no plays" differs from "could not hear"."""

from dataclasses import dataclass

import numpy as np

from device.play import Play, Status
from device.sound.segments import Segment

# Below this level nothing can be told from the noise of a card: -70 dBFS is some 10 dB above the noise floor
# of a 16-bit input. Segments below it are counted as silence and not looked up.
SILENT = -70.0  # dBFS

# A gap of this length is no hiccup of the machine: there was no microphone, or it gave nothing.
DEAF = 1.0  # seconds


@dataclass(frozen=True)
class Level:
    """Percentiles over a period's segments of the level in each."""

    p10: float  # dBFS
    p50: float  # dBFS
    p90: float  # dBFS


@dataclass(frozen=True)
class Coverage:
    """A period's account of hearing. All but the level are seconds of the stream."""

    start: float
    end: float
    listened: float  # sound arrived
    silent: float  # it arrived, below `SILENT`
    lost: float  # blocks went missing
    deaf: float  # there was no microphone, or it gave nothing
    identified: float  # it was heard and identified
    level: Level | None  # None if nothing arrived


class CoverageCount:
    """Counts a period, then the next."""

    def __init__(self, period: float, start: float = 0.0) -> None:
        """Begin to count.

        Args:
            period: Seconds between reports.
            start: Seconds in the stream at which the first period begins.
        """
        self._period = period
        self._begin(start)

    def _begin(self, start: float) -> None:
        self._start = start
        self._listened = self._silent = self._lost = self._deaf = self._identified = 0.0
        self._levels: list[float] = []

    def arrive(self, seconds: float, lost: float = 0.0) -> None:
        """Count sound that arrived, and the gap before it.

        Args:
            seconds: How much arrived.
            lost: Seconds missing before it; a gap of `DEAF` or more says that there was no microphone.
        """
        self._listened += seconds
        if lost < DEAF:
            self._lost += lost
        else:
            self._deaf += lost

    def hear(self, segment: Segment, new_sound: float, playing: tuple[Play, ...]) -> None:
        """Count what one segment holds.

        Args:
            segment: The segment.
            new_sound: Seconds of it that the segment before it did not hold.
            playing: The plays under way, of which the identified count.
        """
        self._silent += new_sound if segment.level < SILENT else 0.0
        self._levels.append(segment.level)
        if any(p.status is Status.IDENTIFIED and p.end >= segment.position for p in playing):
            self._identified += new_sound

    def due(self, position: float) -> Coverage | None:
        """Give the account of the period if it is over at a position, and begin the next."""
        return self.finish(position) if position - self._start >= self._period else None

    def finish(self, position: float) -> Coverage:
        """Give the account up to a position, and begin the next period."""
        level = None
        if self._levels:
            level = Level(*(round(float(p), 1) for p in np.percentile(self._levels, (10, 50, 90))))
        coverage = Coverage(
            start=self._start,
            end=position,
            listened=self._listened,
            silent=self._silent,
            lost=self._lost,
            deaf=self._deaf,
            identified=self._identified,
            level=level,
        )
        self._begin(position)
        return coverage
