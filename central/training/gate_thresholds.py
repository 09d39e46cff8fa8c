"""From which probability on music is said to sound, and speech.

Rules:

- Set on tracks, talkers, effects and synthetic voices that were not trained on, and on nothing of the test side.
- The higher of two: where as large a share is missed as is wrongly said, so that counted seconds are right on average;
  and where no kind that is neither is wrongly said to be it in more than `LARGEST_WRONG` of its segments, so that an
  evening of that kind alone, a talk, an interval, is not counted as what it was not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST_WRONG = 0.05  # share of the segments of a kind


@dataclass(frozen=True)
class Threshold:
    """From where on it is said to sound, and how often that is wrong on what it was set with."""

    logit: float
    missed: float  # share of the segments in which it sounds
    wrong: dict[str, float]  # share of the segments of each kind in which it does not sound

    @property
    def probability(self) -> float:
        """The logit as a probability."""
        return 1 / (1 + float(np.exp(-self.logit)))


def threshold(
    said: NDArray[np.float32],
    sounds: NDArray[np.bool_],
    kinds: NDArray[np.str_],
    largest_wrong: float = LARGEST_WRONG,
) -> Threshold:
    """Set the threshold of one of the two answers.

    Args:
        said: Logits, (n,).
        sounds: Whether it does sound, (n,).
        kinds: What each segment is made of, (n,).
        largest_wrong: Share of the segments of any kind without it that may be said to have it.
    """
    negatives = {str(kind): said[(kinds == kind) & ~sounds] for kind in np.unique(kinds[~sounds])}
    at, _ = equal_errors(said, sounds)
    at = max(at, *(_least_above(wrong, largest_wrong) for wrong in negatives.values()))
    return Threshold(
        at,
        float(np.mean(said[sounds] < at)),
        {kind: float(np.mean(wrong >= at)) for kind, wrong in negatives.items()},
    )


def equal_errors(said: NDArray[np.float32], sounds: NDArray[np.bool_]) -> tuple[float, float]:
    """Find the logit at which as large a share is missed as is wrongly said, and that share."""
    true, wrong, places = np.sort(said[sounds]), np.sort(said[~sounds]), np.unique(said)
    missed = np.searchsorted(true, places) / len(true)
    false = 1.0 - np.searchsorted(wrong, places) / len(wrong)
    best = int(np.argmin(np.abs(missed - false)))
    return float(places[best]), float(missed[best] + false[best]) / 2


def _least_above(said: NDArray[np.float32], share: float) -> float:
    """Give the least logit that at most such a share reaches."""
    highest_first = np.sort(said)[::-1]
    return float(np.nextafter(highest_first[int(share * len(said))], np.float32(np.inf)))
