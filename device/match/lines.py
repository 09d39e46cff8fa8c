"""Lines through recordings: what would sound at each query if a recording were played from a place at a tempo.

Along each line the exact int8 references are compared with the queries; between two references the way from one to the
other is followed, for a query falls anywhere between them. A film at 25 instead of 24 frames a second runs 4 % fast, so
tempos reach 5 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.embedding import Embeddings, dequantise

# Seconds of reference for each second of query. Between two of them the ends of 15 s are off by 0.06 s at most.
TEMPOS = np.linspace(0.95, 1.05, 7)
OWN_TEMPO = np.ones(1)
SHIFTS = np.arange(-1.0, 1.01, 0.25)  # seconds around a place
HALF = 0.5  # steps by which a line may lie before a recording's first reference or behind its last
SHORTEST = 0.3  # least length that is taken for that of a vector between two references


@dataclass(frozen=True, eq=False)
class Lines:
    """A bundle of lines through each of some places."""

    times: NDArray[np.float64]  # (places, lines, n) seconds in the recording at each query
    tempos: NDArray[np.float64]  # (lines,) seconds of reference for each second of query


def bundle(
    positions: NDArray[np.float64], offsets: Sequence[float], tempos: NDArray[np.float64] = TEMPOS
) -> Lines:
    """Lay lines of some tempos and every shift around places.

    Args:
        positions: (n,) seconds of the queries.
        offsets: Of each place, seconds in the recording minus seconds of the query, in the middle of the queries.
        tempos: Seconds of reference for each second of query.
    """
    middle = (positions[0] + positions[-1]) / 2
    each, shifts = np.repeat(tempos, len(SHIFTS)), np.tile(SHIFTS, len(tempos))
    around = middle + shifts[:, None] + each[:, None] * (positions - middle)
    return Lines(np.asarray(offsets)[:, None, None] + around, each)


def reach(positions: NDArray[np.float64], offsets: Sequence[float]) -> tuple[NDArray[np.float64], ...]:
    """Give from when and until when, (places,) seconds each, the lines of every tempo through places touch their recordings."""
    half = (positions[-1] - positions[0]) / 2
    middles = np.asarray(offsets) + positions[0] + half
    far = half * TEMPOS.max() + SHIFTS.max()
    return middles - far, middles + far


class Compared:
    """Queries compared with a stretch of each of some recordings, to be read along any lines there.

    The references are read, and multiplied with the queries, once for all lines through them; numpy's calls cost more than
    the work in them, so all places are read together.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        recordings: Sequence[int],
        begins: NDArray[np.float64],
        ends: NDArray[np.float64],
        catalogue: Catalogue,
    ) -> None:
        """Compare each query with each reference of the stretches.

        Args:
            embeddings: (n, dimension) of the queries.
            recordings: (places,) their numbers in the catalogue.
            begins: (places,) seconds in each place's recording; it may lie outside.
            ends: (places,) seconds, not before `begins`; a line may touch what lies between them.
            catalogue: The references.
        """
        spans = [catalogue.span(recording) for recording in recordings]
        self._hop = catalogue.reference_hop
        self._last = np.array([len(span) - 1 for span in spans])
        lowest = np.clip(np.floor(begins / self._hop).astype(np.int64), 0, self._last)
        highest = np.clip(np.floor(ends / self._hop).astype(np.int64) + 1, 0, self._last)
        counts = (highest - lowest + 1).tolist()
        rows = [
            np.arange(first, first + count)
            for first, count in zip(
                (np.array([span.start for span in spans]) + lowest).tolist(), counts, strict=True
            )
        ]
        # One more than there are: the next of the last one, which has no part in anything.
        nothing = np.zeros((1, catalogue.dimension), dtype=np.int8)
        references = dequantise(np.concatenate([catalogue.vectors(np.concatenate(rows)), nothing]))
        self._table = embeddings @ references.T
        self._bend = _bend(references[:-1], references[1:])
        # Where in the table each place's references begin, as if they began with the recording's first.
        self._first = np.cumsum([0, *counts[:-1]]) - lowest

    def along(
        self, times: NDArray[np.float64], places: NDArray[np.int64] | slice = slice(None)
    ) -> NDArray[np.float32]:
        """Read similarities along lines.

        Args:
            times: (places, lines, n) seconds in each place's recording, within the stretch that was compared.
            places: Which places they belong to; all by default.

        Returns:
            (places, lines, n) cosine; NaN before a recording's begin and after its end.
        """
        before, share, outside = _between(times / self._hop, self._last[places, None, None])
        column = before + self._first[places, None, None]
        at = column + np.arange(len(self._table)) * self._table.shape[1]
        left, right = self._table.take(at), self._table.take(at + 1)
        return _cosine(left, right, share, self._bend.take(column), outside)


def similarities(
    embeddings: Embeddings, times: NDArray[np.float64], recordings: Sequence[int], catalogue: Catalogue
) -> NDArray[np.float32]:
    """Compare queries with recordings along lines that are known beforehand.

    Args:
        embeddings: (n, dimension) of the queries.
        times: (places, lines, n) seconds in each place's recording.
        recordings: (places,) their numbers in the catalogue.
        catalogue: The references.

    Returns:
        (places, lines, n) cosine; NaN before a recording's begin and after its end.
    """
    return Compared(embeddings, recordings, times.min((1, 2)), times.max((1, 2)), catalogue).along(times)


def likeness(
    catalogue: Catalogue,
    one: int,
    its_times: NDArray[np.float64],
    other: int,
    other_times: NDArray[np.float64],
) -> float:
    """Tell how alike two recordings are where two lines lie: a re-release near 1, a remix or an edit less.

    Args:
        catalogue: The references.
        one: Number of a recording.
        its_times: (n,) seconds in it.
        other: Number of another.
        other_times: (n,) seconds in that one.

    Returns:
        The mean cosine of their references.
    """
    its, others = catalogue.span(one), catalogue.span(other)
    rows = np.clip(np.rint(its_times / catalogue.reference_hop).astype(np.int64), 0, len(its) - 1)
    last = len(others) - 1
    before, share, outside = _between(other_times / catalogue.reference_hop, np.array(last))
    three = (its.start + rows, others.start + before, others.start + np.minimum(before + 1, last))
    reference, left, right = dequantise(catalogue.vectors(np.concatenate(three))).reshape(3, len(rows), -1)
    alike = _cosine(
        _products(reference, left), _products(reference, right), share, _bend(left, right), outside
    )
    return float(np.nan_to_num(alike, nan=0.0).mean())


def _between(
    places: NDArray[np.float64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]:
    """Say which reference each place follows, by what share of a step, and whether it lies beyond the recording's ends.

    Args:
        places: (...) in steps from a recording's first reference.
        last: The step of its last one.
    """
    outside = (places < -HALF) | (places > last + HALF)
    within = np.minimum(np.maximum(places, 0), last)
    before = within.astype(np.int64)
    return before, (within - before).astype(np.float32), outside


def _products(some: Embeddings, others: Embeddings) -> NDArray[np.float32]:
    return np.asarray(np.einsum("ij,ij->i", some, others), dtype=np.float32)


def _bend(some: Embeddings, others: Embeddings) -> NDArray[np.float32]:
    """Say how much shorter the way between unit vectors runs than the sphere: two that differ have a shorter one between."""
    return np.asarray(2 * (1 - _products(some, others)), dtype=np.float32)


def _cosine(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    share: NDArray[np.float32],
    bend: NDArray[np.float32],
    outside: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Give the cosine with what lies between two references from the cosines with both."""
    square = 1 - share * (1 - share) * bend
    found = (left + share * (right - left)) / np.sqrt(np.maximum(square, SHORTEST**2))
    return np.asarray(np.where(outside, np.nan, np.minimum(np.maximum(found, -1), 1)), dtype=np.float32)
