"""A match: one recording recognised along one line in time, with its evidence."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

# One moment of chance never decides: before a match is believed, so many groups of windows without common sound must agree,
# or so many windows that have some sound in common, which is all that a clip of 3 s holds.
GROUPS = 2
WINDOWS = 3


@dataclass(frozen=True)
class RunnerUp:
    """The best other recording over the same sound."""

    recording: int  # number in the catalogue
    score: float  # its own evidence, from which no rival took any


@dataclass(frozen=True)
class Window:
    """What one query window says about a match."""

    at: float  # seconds in the stream of queries
    reference: float  # seconds in the reference
    similarity: float  # cosine of the two; NaN where the recording had not begun or was over
    density: float  # cosine to the nearest background vectors
    weight: float  # its evidence, natural log of odds


@dataclass(frozen=True)
class Match:
    """A stretch of the query that follows a stretch of one reference."""

    recording: int  # number in the catalogue
    start: float  # seconds in the stream of queries
    end: float  # seconds in the stream of queries; the last agreeing window's end
    reference_start: float  # seconds in the reference, sounding at `start`
    tempo: float  # seconds of reference for each second of query
    score: float  # evidence less a share of the best rival's; see `evidence.py` and `rivals.py`
    windows: int  # query windows between start and end
    agreeing: int  # of them, those whose own evidence speaks for the match
    groups: int  # of the agreeing ones, how many there are that have no sound in common
    runner_up: RunnerUp | None
    alternatives: tuple[int, ...] = ()  # numbers of recordings that sound the same: releases of one sound
    evidence: tuple[Window, ...] = ()  # of each window from start to end; empty where nobody keeps it

    @property
    def seconds(self) -> float:
        """How long the matched stretch sounds."""
        return self.end - self.start

    @property
    def margin(self) -> float | None:
        """By how much its own evidence is above the runner-up's; None without one."""
        if self.runner_up is None or not self.evidence:
            return None
        return sum(window.weight for window in self.evidence) - self.runner_up.score

    def believed(self, accept: float) -> bool:
        """Tell whether it makes a play: enough evidence, and not from one moment only."""
        return self.score >= accept and (self.groups >= GROUPS or self.agreeing >= WINDOWS)

    def renumbered(self, number_of: Callable[[int], int | None]) -> "Match | None":
        """Give the same match in another catalogue.

        Args:
            number_of: The number that a recording has there; None: it has none.

        Returns:
            None if its recording is not there; a runner-up or an alternative that is not there is left out.
        """
        number = number_of(self.recording)
        if number is None:
            return None
        other = self.runner_up
        rival = None if other is None else number_of(other.recording)
        alternatives = (number_of(one) for one in self.alternatives)
        return replace(
            self,
            recording=number,
            runner_up=None if other is None or rival is None else replace(other, recording=rival),
            alternatives=tuple(one for one in alternatives if one is not None),
        )

    def times(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the seconds in the reference that sound at positions of the stream."""
        return self.reference_start + (positions - self.start) * self.tempo


def groups(positions: NDArray[np.float64], window: float) -> int:
    """Count how many windows can be chosen so that no two have sound in common.

    Args:
        positions: (n,) where windows start, ascending, in seconds.
        window: Seconds that each lasts.
    """
    count, free_from = 0, -np.inf
    for position in positions.tolist():
        if position >= free_from - 1e-6:
            count, free_from = count + 1, position + window
    return count
