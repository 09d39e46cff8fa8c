"""One line through each of some places, read window by window: what becomes a match, and the evidence that it keeps."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from device.match.evidence import Evidence, Stretches
from device.match.match import Match, Window, groups
from device.match.queries import Queries


@dataclass(frozen=True, eq=False)
class Reading:
    """What the windows say along the lines."""

    queries: Queries  # n
    recordings: NDArray[np.int64]  # (places,) numbers
    times: NDArray[np.float64]  # (places, n) seconds in the recording at each query
    tempos: NDArray[np.float64]  # (places,)
    similarity: Evidence  # (places, n)
    weighed: Evidence  # (places, n)
    stretches: Stretches  # of `weighed`
    _places: dict[tuple[object, ...], int] = field(default_factory=dict)  # of the matches given, by `_line`

    def matches(self, window: float, scores: NDArray[np.float64]) -> Iterator[Match]:
        """Give a match for each line whose score is above 0, without its evidence: most matches are told to nobody.

        Args:
            window: Seconds that each query holds.
            scores: (places,) of the best stretches.
        """
        for place in np.flatnonzero(scores > 0).tolist():
            heard = self._heard(place)
            positions = self.queries.positions[heard]
            agreeing = positions[self.weighed[place, heard] > 0]
            match = Match(
                recording=int(self.recordings[place]),
                start=float(positions[0]),
                end=float(positions[-1]) + window,
                reference_start=max(0.0, float(self.times[place, heard.start])),
                tempo=round(float(self.tempos[place]), 3),
                score=float(scores[place]),
                windows=len(positions),
                agreeing=len(agreeing),
                groups=groups(agreeing, window),
                runner_up=None,
            )
            self._places[_line(match)] = place
            yield match

    def with_evidence(self, match: Match) -> Match:
        """Give a match of these, whatever its score has become, with what each of its windows says."""
        place = self._places[_line(match)]
        heard = self._heard(place)
        columns = (
            self.queries.positions[heard],
            self.times[place, heard],
            self.similarity[place, heard],
            self.queries.density[heard],
            self.weighed[place, heard],
        )
        windows = zip(*(column.tolist() for column in columns), strict=True)
        return replace(match, evidence=tuple(Window(*values) for values in windows))

    def _heard(self, place: int) -> slice:
        return slice(int(self.stretches.first[place]), int(self.stretches.last[place]) + 1)


def _line(match: Match) -> tuple[object, ...]:
    """Tell the line that a match lies on, and the stretch of it."""
    return match.recording, match.start, match.end, match.reference_start, match.tempo
