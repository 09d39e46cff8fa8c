"""Tells a deaf microphone, and a covered one, from a quiet hall.

Rules:
1. A quiet hall is never called deaf or covered. Where physics leaves both open, nothing is said.
2. What was said is taken back as soon as sound proves it wrong.

Three signs, of which the last two need the baseline that was measured when the box was commissioned:

**Digital silence.** Samples that do not differ at all come from no analogue part.

**A floor of electronics alone.** Even the quietest hall rumbles: by the criterion NC-15 (ANSI S12.2) it may have 36 dB in
the octave of 125 Hz and 12 dB in that of 4 kHz, where the noise of a microphone of 30 dB(A) lies 15 dB lower and 11 dB
higher: white noise falls by 3 dB an octave towards the low ones. So with a live microphone, 125 Hz is louder than white
noise would be beside what 4 kHz shows, by 20 dB and more; with a capsule that is dead or torn off only the amplifier's
noise is left, which is nearly white. That is deafness, if the low octave also fell far below the baseline and nothing
in a minute stands out.

**Sound without its high octaves.** A cover takes little of 250 and 500 Hz and 20 to 40 dB of 4 and 8 kHz. The floor does
not tell it, because up there the floor is the microphone's own, with or without a cover: so only what sounds is looked
at. Speech, applause, coughs and strings are bright, and within half an hour of any programme some of it is; a covered
microphone hears none. What hardly changes is a machine and tells nothing.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from device.sound.baseline import HIGH, LOW, SOUNDS_OVER_FLOOR, Baseline, brightness, together
from device.sound.second import OCTAVES, Second

CONSTANT_FOR = 2  # seconds of digital silence

RUMBLE, HISS = OCTAVES.index(125), OCTAVES.index(4_000)
VOICE = slice(OCTAVES.index(500), OCTAVES.index(2_000) + 1)
WHITE = 3.0 * (
    HISS - RUMBLE
)  # dB by which white noise is louder in the octave of HISS than in that of RUMBLE
ELECTRONIC = 10.0  # dB: a rumble that stands out less from white noise is no hall's
TELLING = 20.0  # dB by which the rumble must have stood out in the baseline
FELL = 15.0  # dB by which it must have fallen since
FLOOR_FOR = 60  # seconds
STANDS_OUT = 6.0  # dB by which a second in that minute is more than the floor

COVER = 20.0  # dB by which sounds are less bright than the baseline's under a cover
COVERED_FOR = 1800  # seconds that sounded
FEW = 18  # of them that were bright all the same; a click is not a proof, a round of applause is
UNCOVERED_BY = 3  # bright ones within the last `UNCOVERED_WITHIN` that take it back
UNCOVERED_WITHIN = 60  # seconds that sounded
CHANGES_OVER = 30  # seconds, in which
CHANGES_BY = 5.0  # dB lie between the soft seconds and the loud ones of what is no machine
OVER_HISS = 6.0  # dB by which a just bright enough second must stand out from the microphone's own noise


class Judge(Protocol):
    """Whoever says whether a microphone hears."""

    @property
    def deaf(self) -> bool:
        """It gives nothing that it could have heard."""

    @property
    def covered(self) -> bool:
        """Something lies over it."""

    @property
    def tells_covered(self) -> bool:
        """Whether it would notice a cover."""

    def hear(self, second: Second) -> None:
        """Take the next second."""


class Trust:
    """Judges nothing: a file in the microphone's place may be silent."""

    deaf = covered = tells_covered = False

    def hear(self, second: Second) -> None:
        """Take the next second."""


class Deafness:
    """Judges a microphone by what it gives."""

    def __init__(
        self, baseline: Baseline | None = None, suits: Callable[[Baseline], bool] = lambda _: True
    ) -> None:
        """Begin without a suspicion.

        Args:
            baseline: What the microphone gave at first; None if nobody measured.
            suits: Tells whether the baseline is that of the microphone that is open now.
        """
        self._baseline, self._suits = baseline, suits
        self._constant = 0
        self._floor: deque[Second] = deque(maxlen=FLOOR_FOR)
        self._low: deque[float] = deque(maxlen=CHANGES_OVER)
        self._bright: deque[bool] = deque(maxlen=COVERED_FOR)
        self._electronic = self._covered = False

    @property
    def deaf(self) -> bool:
        """It gives nothing that it could have heard."""
        return self._constant >= CONSTANT_FOR or self._electronic

    @property
    def covered(self) -> bool:
        """Something lies over it."""
        return self._covered

    @property
    def tells_covered(self) -> bool:
        """Whether it would notice a cover."""
        return self._baseline is not None and self._baseline.bright is not None

    def hear(self, second: Second) -> None:
        """Take the next second."""
        self._constant = self._constant + 1 if second.constant else 0
        if self._baseline is None or not self._comparable(second, self._baseline):
            self._floor.clear()
            self._electronic = False
            return
        self._floor.append(second)
        self._electronic = self._only_electronics(self._baseline)
        self._low.append(together(second.octaves, LOW))
        if self._baseline.bright is not None and self._sounds(self._baseline, self._baseline.bright):
            self._bright.append(brightness(second) >= self._baseline.bright - COVER)
            self._judge_cover()

    def _comparable(self, second: Second, baseline: Baseline) -> bool:
        return not second.constant and second.rate == baseline.rate and self._suits(baseline)

    def _only_electronics(self, baseline: Baseline) -> bool:
        """Tell whether the last minute held nothing but an amplifier's noise."""
        if len(self._floor) < FLOOR_FOR or _rumble(self._floor[-1].octaves) > ELECTRONIC + STANDS_OUT:
            return False
        before = baseline.floor
        levels = np.array([second.octaves for second in self._floor])
        now = np.median(levels, axis=0)
        return bool(
            _rumble(before) >= TELLING
            and _rumble(now) <= ELECTRONIC
            and now[RUMBLE] <= before[RUMBLE] - FELL
            and np.all(np.max(levels[:, VOICE], axis=0) < now[VOICE] + STANDS_OUT)
        )

    def _sounds(self, baseline: Baseline, bright: float) -> bool:
        """Tell whether the last second can say how bright the microphone hears."""
        low = self._low[-1]
        if low < together(baseline.floor, LOW) + SOUNDS_OVER_FLOOR or len(self._low) < CHANGES_OVER:
            return False
        if low + bright - COVER < together(baseline.floor, HIGH) + OVER_HISS:
            return False  # so soft that nothing of it would be heard in the high octaves anyway
        soft, loud = np.percentile(self._low, (10, 90))
        return bool(loud - soft >= CHANGES_BY)

    def _judge_cover(self) -> None:
        if self._covered:
            lately = list(self._bright)[-UNCOVERED_WITHIN:]
            self._covered = sum(lately) < UNCOVERED_BY
        else:
            self._covered = len(self._bright) == COVERED_FOR and sum(self._bright) < FEW
        if not self._covered and len(self._bright) == COVERED_FOR and sum(self._bright) < FEW:
            self._bright.clear()  # just taken back: what was heard under the cover says nothing any more


def _rumble(octaves: ArrayLike) -> float:
    """Give the dB by which the low octave stands out from white noise as loud as the high one."""
    levels = np.asarray(octaves)
    return float(levels[RUMBLE] - (levels[HISS] - WHITE))
