"""Made-up recordings with the statistics of real ones, for catalogues larger than the music there is.

A made-up recording is a real one's way through the space of embeddings, mirrored: in the axes of the real vectors' covariance
each coordinate keeps its sign or changes it, by a draw of its own for each recording. Mean, covariance and the likeness of
neighbours in time stay what they are in real music, and no two recordings are alike. Of the axes with most variance, which say
what kind of music it is, fewer are mirrored, so that a made-up recording lies about as near to a real query as other real ones do
(`nearness` measures it).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from device.catalogue.part import Vectors
from device.embedding import dequantise, quantise

Floats = NDArray[np.float32]

SECONDS = 210.0  # that a made-up recording lasts
# The axes of most variance, of which each is mirrored in one recording of twenty only. So the nearest of 11,399 made-up vectors
# lies at 0.505 from a query of real music in the mean; the nearest of as many of other real music at 0.494.
KEPT_AXES = 32
MIRRORED, MIRRORED_SELDOM = 0.5, 0.05


@dataclass(frozen=True, eq=False)
class Distractors:
    """Makes recordings up, each from its number alone."""

    ways: tuple[Floats, ...]  # (rows, dimension) coordinates of real recordings in the axes, around the mean
    together: Floats  # the same, one after the other
    axes: Floats  # (dimension, dimension), one a row, most variance first
    mean: Floats  # (dimension,)
    rows: int  # of a made-up recording

    def recording(self, number: int) -> Vectors:
        """Make up the vectors of a recording, (rows, dimension)."""
        return self.some(np.full(self.rows, number), np.arange(self.rows))

    def some(self, numbers: NDArray[np.int64], rows: NDArray[np.int64]) -> Vectors:
        """Make up chosen vectors of some recordings: no others are made, and all in one product.

        Args:
            numbers: (n,) of the recordings; those that follow each other are best the same.
            rows: (n,) of the recording of that number.

        Returns:
            (n, dimension)
        """
        if not len(numbers):
            return np.empty((0, len(self.mean)), dtype=np.int8)
        begins = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
        lasts = np.diff(begins, append=len(numbers))
        drawn = [self._drawn(number) for number in numbers[begins].tolist()]
        start, length, first = (np.repeat(each, lasts) for each in np.array([one[:3] for one in drawn]).T)
        taken = self.together[start + (first + rows) % length]
        taken *= np.repeat(np.stack([one[3] for one in drawn]), lasts, axis=0)
        vectors = taken @ self.axes
        vectors += self.mean
        vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
        return quantise(vectors)

    def _drawn(self, number: int) -> tuple[int, int, int, Floats]:
        """Draw a way (where it begins in `together`, its length), where on it a recording begins, and what it mirrors."""
        draw = np.random.default_rng([7, number])
        way = int(draw.integers(len(self.ways)))
        first = int(draw.integers(len(self.ways[way])))
        mirrored = draw.random(len(self.mean)) < self._chances
        return self._begins[way], len(self.ways[way]), first, np.where(mirrored, -1.0, 1.0).astype(np.float32)

    @cached_property
    def _chances(self) -> NDArray[np.float64]:
        return np.where(np.arange(len(self.mean)) < KEPT_AXES, MIRRORED_SELDOM, MIRRORED)

    @cached_property
    def _begins(self) -> list[int]:
        return np.cumsum([0, *map(len, self.ways)]).tolist()


def of(real: Sequence[Vectors], hop: float, seconds: float = SECONDS) -> Distractors:
    """Measure real recordings.

    Args:
        real: (n, dimension) vectors of each; those that are silent are left out.
        hop: Seconds from one vector to the next.
        seconds: That made-up recordings last.
    """
    sounding = [dequantise(vectors[vectors.any(axis=1)]) for vectors in real]
    ways = [floats for floats in sounding if len(floats) >= 30 / hop]
    together = np.concatenate(ways)
    mean = together.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov((together - mean).T))
    axes = np.ascontiguousarray(axes.T[::-1], dtype=np.float32)
    coordinates = tuple(np.asarray((way - mean) @ axes.T, dtype=np.float32) for way in ways)
    return Distractors(
        coordinates, np.concatenate(coordinates), axes, mean.astype(np.float32), round(seconds / hop)
    )


def nearness(asked: Floats, vectors: Floats) -> float:
    """Give how near the nearest of some vectors is to each query, in the mean: what a distractor's threat is made of."""
    return float((asked @ vectors.T).max(axis=1).mean())
