"""Which recordings, and where in them, the neighbours of many windows point to together.

Each neighbour of a query window votes for its recording and for the offset between reference and query.
Votes of a true match fall on one offset, those of chance anywhere (Wang 2003, section 2.3, the classical
histogram of time differences).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.match.queries import Queries

# Seconds of offset that count as one place. At the extreme tempo of 0.95 the votes of 15 s spread over 0.75 s.
PLACE = 1.0


@dataclass(frozen=True)
class Candidate:
    """A place in a recording that deserves an exact look."""

    recording: int  # number in the catalogue
    offset: float  # reference seconds minus query seconds, at the middle of the queries
    votes: float


def candidates(queries: Queries, catalogue: Catalogue, most: int) -> list[Candidate]:
    """Count the votes and return the places that got most, best first.

    A vote weighs as much as its similarity stands above the density around its query.
    """
    rows = queries.nearest.rows.ravel()
    weights = np.maximum(queries.nearest.similarities - queries.density[:, None], 0.01).ravel()
    query_times = np.repeat(queries.positions, queries.nearest.rows.shape[1])
    valid = rows >= 0
    recordings, reference_times = catalogue.locate(rows[valid])
    if catalogue.withdrawn_numbers:
        withdrawn = np.isin(recordings, list(catalogue.withdrawn_numbers))
        recordings, reference_times = recordings[~withdrawn], reference_times[~withdrawn]
        valid[np.flatnonzero(valid)[withdrawn]] = False
    offsets = reference_times - query_times[valid]
    return _most_voted(recordings, offsets, weights[valid], most)


def _most_voted(
    recordings: NDArray[np.int64], offsets: NDArray[np.float64], weights: NDArray[np.float32], most: int
) -> list[Candidate]:
    """Histogram over places that overlap by half, so that no cluster is cut by a border."""
    if len(recordings) == 0:
        return []
    lowest = offsets.min()
    half_places = np.floor((offsets - lowest) / (PLACE / 2)).astype(np.int64)
    width = int(half_places.max()) + 2
    keys = np.concatenate([recordings * width + half_places, recordings * width + half_places + 1])
    places, inverse = np.unique(keys, return_inverse=True)
    votes = np.bincount(inverse, weights=np.tile(weights, 2))
    found: list[Candidate] = []
    for place in np.argsort(-votes, kind="stable"):
        recording, half_place = divmod(int(places[place]), width)
        # A place is the half before its number and the half after it.
        offset = float(lowest + half_place * PLACE / 2)
        if any(c.recording == recording and abs(c.offset - offset) <= PLACE for c in found):
            continue
        found.append(Candidate(recording, offset, float(votes[place])))
        if len(found) == most:
            break
    return found
