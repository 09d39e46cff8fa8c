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


def similarities(
    embeddings: Embeddings, times: NDArray[np.float64], recordings: Sequence[int], catalogue: Catalogue
) -> NDArray[np.float32]:
    """Compare queries with recordings along lines, all at once: numpy's calls cost more than the work in them.

    Args:
        embeddings: (n, dimension) of the queries.
        times: (places, lines, n) seconds in each place's recording.
        recordings: (places,) their numbers in the catalogue.
        catalogue: The references.

    Returns:
        (places, lines, n) cosine; NaN before a recording's begin and after its end.
    """
    spans = [catalogue.span(recording) for recording in recordings]
    first = np.array([span.start for span in spans])
    last = np.array([len(span) - 1 for span in spans])[:, None, None]
    places = times / catalogue.reference_hop
    before = np.floor(places).astype(np.int64)
    share = (places - before).astype(np.float32)
    inside = (places >= -HALF) & (places <= last + HALF)
    left, right = np.clip(before, 0, last), np.clip(before + 1, 0, last)
    lowest, highest = left.min((1, 2)), right.max((1, 2))
    rows = [np.arange(*ends) for ends in zip(first + lowest, first + highest + 1, strict=True)]
    references = dequantise(catalogue.vectors(np.concatenate(rows)))
    table = embeddings @ references.T
    # How alike each row and the next are: two unit vectors that differ have a shorter one between them.
    steps = np.append(np.sum(references[:-1] * references[1:], axis=1), np.float32(1))
    # Where in the table each place's rows begin, as if they began with the recording's first.
    begins = (np.cumsum([0, *map(len, rows[:-1])]) - lowest)[:, None, None]
    query, left, right = np.arange(len(embeddings)), left + begins, right + begins
    alike = np.where(left < right, steps[left], 1)
    between = (1 - share) * table[query, left] + share * table[query, right]
    length = np.sqrt(1 - 2 * share * (1 - share) * (1 - alike))
    cosine = np.clip(between / np.maximum(length, SHORTEST), -1, 1)
    return np.asarray(np.where(inside, cosine, np.nan), dtype=np.float32)


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
    span = catalogue.span(one)
    rows = np.clip(np.rint(its_times / catalogue.reference_hop).astype(np.int64), 0, len(span) - 1)
    references = dequantise(catalogue.vectors(rows + span.start))
    alike = similarities(references, other_times[None, None], [other], catalogue)
    return float(np.nan_to_num(alike, nan=0.0).mean())
