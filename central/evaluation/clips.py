"""Clips: stretches of music, degraded, whose truth is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from central.evaluation.conditions import PAST, RATE, Condition, Sound, degrade
from device.sound import replay
from device.sound.resample import Resampler

_TRIES = 40  # places of a track that are looked at
_QUIETEST = 0.003  # RMS of full scale; quieter music is a pause
_AT_ONCE = 3.0  # seconds in which a clip must sound already: the shortest clips end there


def load(file: Path) -> Sound:
    """Read a whole file at `RATE`, mono.

    Raises:
        Refused: It cannot be read.
    """
    samples, rate = replay.read(file)
    return np.asarray(Resampler(rate, RATE).resample(samples, last=True), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Cut:
    """A stretch of music whose place is known; how it sounds is worked out when somebody wants to hear it."""

    start: float  # seconds in the track that sound at the clip's begin
    seconds: float  # how long the clip lasts
    condition: Condition
    _piece: Sound
    _speech: Sequence[Sound]
    _rng: np.random.Generator

    @cached_property
    def sound(self) -> Sound:
        """What the microphone hears, at `RATE`."""
        sound = degrade(self._piece, self._speech, self.condition, self._rng)
        return sound[: round(self.seconds * RATE)]


def cut(
    track: Sound, speech: Sequence[Sound], condition: Condition, seconds: float, rng: np.random.Generator
) -> Cut | None:
    """Cut one clip out of a track, at a place where it sounds.

    Args:
        track: The whole track at `RATE`.
        speech: Talks at `RATE` for voices.
        condition: What happens to the music.
        seconds: How long the clip lasts.
        rng: Decides the place, voices, room; it belongs to the clip from now on.

    Returns:
        The clip; None for a track of pauses, or a short one.
    """
    past, length = round(PAST * RATE), round((PAST + seconds * condition.speed) * RATE) + RATE // 4
    for _ in range(_TRIES if len(track) >= length else 0):
        begin = int(rng.integers(len(track) - length + 1))
        piece = track[begin : begin + length]
        heard = piece[past:]
        if min(_level(heard), _level(heard[: round(_AT_ONCE * RATE)])) >= _QUIETEST:
            return Cut(begin / RATE + PAST, seconds, condition, piece, speech, rng)
    return None


def make(
    track: Sound, speech: Sequence[Sound], condition: Condition, seconds: float, rng: np.random.Generator
) -> tuple[Sound, float] | None:
    """Make one clip of a track; as `cut`, but heard at once.

    Returns:
        The clip, and the seconds in the track that sound at its begin; None for a track of pauses, or a short one.
    """
    made = cut(track, speech, condition, seconds, rng)
    return (made.sound, made.start) if made else None


def _level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))
