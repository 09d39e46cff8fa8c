"""What the box could and could not hear, as a fact: so that "no plays" differs from "could not hear"."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from device import gate
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


class Heard(Enum):
    """What a stretch of sound was worth."""

    WELL = "well"
    COVERED = "covered"  # something lay over the microphone
    DEAF = "deaf"  # the microphone gave nothing that it had heard
    MUTED = "muted"  # nobody was to listen


@dataclass(frozen=True)
class Coverage:
    """A period's account of hearing. All but the level are seconds of the stream.

    Each second from start to end is either listened, lost, deaf or muted; the others are parts of `listened`.
    """

    start: float
    end: float
    listened: float  # sound arrived
    silent: float  # it arrived, below `SILENT`
    lost: float  # blocks went missing
    deaf: float  # there was no microphone, or it gave nothing
    muted: float  # somebody had asked the box not to listen
    covered: (
        float | None
    )  # it arrived through something that lay over the microphone; None if nobody can tell
    identified: float  # it was heard and identified
    music: float | None  # music sounded in it, known or not, alone or under speech; None without a gate
    speech: float | None  # somebody spoke in it, alone or over music; None without a gate
    level: Level | None  # None if nothing arrived


class CoverageCount:
    """Counts a period, then the next."""

    def __init__(
        self, period: float, start: float = 0.0, tells_covered: bool = False, tells_music: bool = False
    ) -> None:
        """Begin to count.

        Args:
            period: Seconds between reports.
            start: Seconds in the stream at which the first period begins.
            tells_covered: Whether a covered microphone would be noticed.
            tells_music: Whether a gate tells music and speech.
        """
        self._period = period
        self._tells_music = tells_music
        self._tells_covered = tells_covered
        self._heard = Heard.WELL  # the last that arrived
        self._begin(start)

    def _begin(self, start: float) -> None:
        self._start = self._at = start
        self._listened = self._silent = self._lost = self._deaf = self._identified = 0.0
        self._muted = self._covered = self._music = self._speech = 0.0
        self._levels: list[float] = []

    def arrive(self, until: float, seconds: float, heard: Heard = Heard.WELL) -> None:
        """Count sound that arrived, and the gap before it.

        Args:
            until: Seconds in the stream at which it ended.
            seconds: How long it was. What is missing since the last that was counted was lost; a gap of `DEAF` or
                more says that there was no microphone.
            heard: What it was worth.
        """
        gap = max(0.0, until - seconds - self._at)
        if gap < DEAF:
            self._lost += gap
        else:
            self._deaf += gap
        new = max(0.0, until - self._at - gap)
        self._at, self._heard = max(self._at, until), heard
        match heard:
            case Heard.MUTED:
                self._muted += new
            case Heard.DEAF:
                self._deaf += new
            case Heard.WELL | Heard.COVERED:
                self._listened += new
                self._covered += new if heard is Heard.COVERED else 0.0

    def away(self, until: float, muted: bool = False) -> None:
        """Count time up to here in which no sound came.

        Args:
            until: Seconds in the stream.
            muted: Nobody would have listened.
        """
        new = max(0.0, until - self._at)
        self._at += new
        if muted:
            self._muted += new
        else:
            self._deaf += new

    def hear(
        self,
        segment: Segment,
        new_sound: float,
        playing: tuple[Play, ...],
        sounds: gate.Heard | None = None,
    ) -> None:
        """Count what one segment holds.

        Args:
            segment: The segment.
            new_sound: Seconds of it that the segment before it did not hold.
            playing: The plays under way, of which the identified count.
            sounds: What the gate takes it for; None if it was not asked, as of silence.
        """
        if sounds is not None:
            self._music += new_sound if sounds.is_music else 0.0
            self._speech += new_sound if sounds.is_speech else 0.0
        if segment.level < SILENT and self._heard is not Heard.DEAF:
            self._silent += new_sound
        self._levels.append(segment.level)
        if any(p.status is Status.IDENTIFIED and p.end >= segment.position for p in playing):
            self._identified += new_sound

    def due(self, position: float) -> Coverage | None:
        """Give the account of the period if it is over at a position, and begin the next."""
        return self.finish(position) if position - self._start >= self._period else None

    def finish(self, position: float) -> Coverage:
        """Give the account up to a position, and begin the next period."""
        coverage = self.so_far(position)
        self._begin(position)
        return coverage

    def so_far(self, position: float) -> Coverage:
        """Give the account up to a position, of a period that goes on."""
        level = None
        if self._levels:
            level = Level(*(round(float(p), 1) for p in np.percentile(self._levels, (10, 50, 90))))
        return Coverage(
            start=self._start,
            end=position,
            listened=self._listened,
            silent=self._silent,
            lost=self._lost,
            deaf=self._deaf,
            muted=self._muted,
            covered=self._covered if self._tells_covered else None,
            identified=self._identified,
            music=self._music if self._tells_music else None,
            speech=self._speech if self._tells_music else None,
            level=level,
        )
