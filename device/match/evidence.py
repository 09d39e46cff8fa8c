"""What each window says for or against a match, and the stretch of a line that says most.

A window's evidence is the natural log of the odds that it sounds this reference rather than the best
wrong one: a logistic regression over its similarity and the density around it (`calibration.py`). Windows
overlap, so each counts only for the new sound that it brings. The evidence of a line is that of its best
stretch, the maximal sum of consecutive windows: local alignment as in sequence search (Smith and Waterman
1981), whose scores have a known tail (Karlin and Altschul 1990), and which finds begin and end by itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.match.calibration import Calibration

Evidence = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Stretches:
    """For each line its best stretch of consecutive windows."""

    score: Evidence  # (...,), 0 where no window speaks for the line
    first: NDArray[np.int64]  # (...,) index of the stretch's first window
    last: NDArray[np.int64]  # (...,) index of its last one


def of_windows(
    similarity: Evidence, density: Evidence, calibration: Calibration, new_sound: float
) -> Evidence:
    """Weigh windows, each on its own.

    Args:
        similarity: (..., n) cosine between query and reference windows; NaN where there is no reference.
        density: (n,) cosine to the nearest background vectors.
        calibration: The weights, for the model that gave the embeddings.
        new_sound: The part of a window that the one before it did not hold, 0..1.

    Returns:
        (..., n) evidence in natural log of odds; a window without a reference gives the floor.
    """
    odds = calibration.bias + calibration.similarity * similarity + calibration.density * density
    limited = np.clip(odds, calibration.floor, calibration.ceiling)
    return np.asarray(np.nan_to_num(limited, nan=calibration.floor) * new_sound, dtype=np.float32)


def best_stretches(evidence: Evidence) -> Stretches:
    """Find the maximal sum of consecutive windows on each of many lines.

    Args:
        evidence: (..., n) of each window, n at least 1.
    """
    total = np.cumsum(evidence, axis=-1)
    before = np.concatenate([np.zeros_like(total[..., :1]), total[..., :-1]], axis=-1)
    lowest = np.minimum.accumulate(before, axis=-1)
    last = np.argmax(total - lowest, axis=-1)
    score = np.take_along_axis(total - lowest, last[..., None], axis=-1)[..., 0]
    upto = np.where(np.arange(evidence.shape[-1]) <= last[..., None], before, np.inf)
    return Stretches(score=np.maximum(score, 0), first=np.argmin(upto, axis=-1), last=last)
