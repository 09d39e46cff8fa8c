"""What is to be asked: which clips of which tracks under which conditions, and which hours of unknown sound.

Values only, the same for the same material and seed, so that a measurement that was cut off goes on where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from central.evaluation.conditions import PAST, RATE, Condition

SPARE = 0.5  # seconds of music behind a clip, for what faster playing takes
STRETCH = 600.0  # seconds of unknown sound that are heard without a break


@dataclass(frozen=True)
class Wanted:
    """A clip to be made."""

    track: int  # on its shelf
    condition: Condition
    number: int  # of its condition
    known: bool  # whether the catalogue holds the track

    @property
    def key(self) -> str:
        """Its name among all clips."""
        return f"{'known' if self.known else 'unknown'}/{self.condition.name}/{self.number}"

    def rng(self, seed: int) -> np.random.Generator:
        """Give the clip's own luck, which does not depend on who makes it or when."""
        return np.random.default_rng([seed, crc32(self.key.encode())])


def clips(
    samples: Sequence[int],
    conditions: Sequence[Condition],
    each: int,
    longest: float,
    known: bool,
    seed: int,
) -> dict[int, list[Wanted]]:
    """Spread clips over tracks.

    Args:
        samples: How long each track is; those too short for the longest clip are left out.
        conditions: What is done to the clips.
        each: Clips under every condition, each of another track as long as there are tracks.
        longest: Seconds of a clip.
        known: Whether the catalogue holds these tracks.
        seed: Another seed gives other clips.

    Returns:
        By track, so that each is read once.
    """
    by_track: dict[int, list[Wanted]] = {}
    for condition in conditions:
        needed = (PAST + longest * condition.speed + SPARE) * RATE
        fit = np.array([number for number, length in enumerate(samples) if length >= needed], dtype=int)
        if not len(fit):
            continue
        rng = np.random.default_rng([seed, known, crc32(condition.name.encode())])
        for number, track in enumerate(np.resize(rng.permutation(fit), each)):
            by_track.setdefault(int(track), []).append(Wanted(int(track), condition, number, known))
    return by_track


def stretches(hours: float) -> list[int]:
    """Number the stretches of unknown sound that fill so many hours."""
    return list(range(max(1, round(hours * 3600 / STRETCH)))) if hours > 0 else []
