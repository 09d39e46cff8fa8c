"""A match: one recording recognised along one line in time, with its evidence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunnerUp:
    """The best other recording over the same sound."""

    recording: int  # number in the catalogue
    score: float  # on the scale of `Match.score`


@dataclass(frozen=True)
class Match:
    """A stretch of the query that follows a stretch of one reference."""

    recording: int  # number in the catalogue
    start: float  # seconds in the stream of queries
    end: float  # seconds in the stream of queries; the last agreeing window's end
    reference_start: float  # seconds in the reference, sounding at `start`
    tempo: float  # seconds of reference for each second of query
    score: float  # natural log of the odds that this is no coincidence; see `evidence.py`
    windows: int  # query windows between start and end
    agreeing: int  # of them, those whose own evidence speaks for the match
    runner_up: RunnerUp | None

    @property
    def seconds(self) -> float:
        """How long the matched stretch sounds."""
        return self.end - self.start
