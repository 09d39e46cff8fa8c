"""A match: one recording recognised along one line in time, with its evidence."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RunnerUp:
    """The best other recording over the same sound."""

    recording: int  # number in the catalogue
    score: float  # its own evidence, from which no rival took any


@dataclass(frozen=True)
class Match:
    """A stretch of the query that follows a stretch of one reference."""

    recording: int  # number in the catalogue
    start: float  # seconds in the stream of queries
    end: float  # seconds in the stream of queries; the last agreeing window's end
    reference_start: float  # seconds in the reference, sounding at `start`
    tempo: float  # seconds of reference for each second of query
    score: float  # evidence less a share of the best rival's; see `evidence.py` and `alignment.py`
    windows: int  # query windows between start and end
    agreeing: int  # of them, those whose own evidence speaks for the match
    runner_up: RunnerUp | None

    @property
    def seconds(self) -> float:
        """How long the matched stretch sounds."""
        return self.end - self.start

    def renumbered(self, number_of: Callable[[int], int | None]) -> "Match | None":
        """Give the same match in another catalogue.

        Args:
            number_of: The number that a recording has there; None: it has none.

        Returns:
            None if its recording is not there; a runner-up that is not there is left out.
        """
        number = number_of(self.recording)
        if number is None:
            return None
        other = self.runner_up
        rival = None if other is None else number_of(other.recording)
        return replace(
            self,
            recording=number,
            runner_up=None if other is None or rival is None else replace(other, recording=rival),
        )

    def times(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the seconds in the reference that sound at positions of the stream."""
        return self.reference_start + (positions - self.start) * self.tempo
