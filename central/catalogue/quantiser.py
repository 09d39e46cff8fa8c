"""Two layers of k-means: some thousand middles of lists, trained and asked at a fraction of the price of one layer.

A vector is first compared with the middles of the middles, then with the lists of the nearest few of these. One layer would
take 64,000 comparisons for each vector of a million recordings; two take some 1,500. The vector may miss its very nearest
list by that, and is in one almost as near.
"""

from collections.abc import Iterator

import faiss
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_GROUPS_TRIED = 4  # of the first layer
_ROUNDS = 12  # of k-means
_AT_ONCE = 65_536  # vectors


class Quantiser:
    """The middles of lists, in groups."""

    def __init__(self, groups: Floats, middles: list[Floats]) -> None:
        """Keep the layers.

        Args:
            groups: (g, dimension) unit vectors.
            middles: For each group (lists in it, dimension) unit vectors.
        """
        self._groups = groups
        self._middles = middles
        self._firsts = np.cumsum([0, *map(len, middles)])

    @property
    def middles(self) -> Floats:
        """The middles of all lists (lists, dimension), in the order in which `assign` numbers them."""
        return np.concatenate(self._middles)

    def rounded(self, middles: Floats) -> "Quantiser":
        """Give the same quantiser with its lists' middles replaced, such as by what their stored form says."""
        return Quantiser(self._groups, np.split(middles, self._firsts[1:-1]))

    def assign(self, vectors: Floats) -> NDArray[np.int32]:
        """Give the list of each vector, (n,): the one whose middle is nearest by cosine, nearly always.

        Args:
            vectors: (n, dimension), unit length.
        """
        found = np.empty(len(vectors), dtype=np.int32)
        for start in range(0, len(vectors), _AT_ONCE):
            found[start : start + _AT_ONCE] = self._assign(vectors[start : start + _AT_ONCE])
        return found

    def _assign(self, vectors: Floats) -> NDArray[np.int32]:
        tried = min(_GROUPS_TRIED, len(self._groups))
        likeness = vectors @ self._groups.T
        groups = np.argpartition(-likeness, tried - 1, axis=1)[:, :tried]
        best = np.full(len(vectors), -np.inf, dtype=np.float32)
        found = np.zeros(len(vectors), dtype=np.int32)
        for group, members in _members(groups, len(self._groups)):
            near = vectors[members] @ self._middles[group].T
            which = near.argmax(axis=1)
            nearness = near[np.arange(len(members)), which]
            better = nearness > best[members]
            best[members[better]] = nearness[better]
            found[members[better]] = self._firsts[group] + which[better]
        return found


def train(sample: Floats, lists: int) -> Quantiser:
    """Find the middles of lists.

    Args:
        sample: (n, dimension) unit vectors, some dozens for each list.
        lists: How many; where the sample is small, fewer are made.
    """
    count = max(1, min(round(lists**0.5), len(sample)))
    groups = _k_means(sample, count)
    own = np.concatenate(
        [(sample[at : at + _AT_ONCE] @ groups.T).argmax(axis=1) for at in range(0, len(sample), _AT_ONCE)]
    )
    middles = []
    for group in range(count):
        members = sample[own == group]
        share = max(1, min(len(members), round(lists * len(members) / len(sample))))
        middles.append(_k_means(members, share) if len(members) else groups[group : group + 1])
    return Quantiser(groups, middles)


def _k_means(sample: Floats, count: int) -> Floats:
    if count >= len(sample):
        return np.ascontiguousarray(sample)
    clustering = faiss.Clustering(sample.shape[1], count)
    clustering.niter, clustering.spherical, clustering.seed = _ROUNDS, True, 1
    clustering.min_points_per_centroid, clustering.max_points_per_centroid = 1, 10**6
    clustering.train(np.ascontiguousarray(sample), faiss.IndexFlatIP(sample.shape[1]))
    return np.asarray(faiss.vector_to_array(clustering.centroids).reshape(count, -1))


def _members(groups: NDArray[np.int64], count: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Give for each group the vectors that try it."""
    order = np.argsort(groups, axis=None, kind="stable")
    ends = np.cumsum(np.bincount(groups.ravel(), minlength=count))
    for group, some in enumerate(np.split(order // groups.shape[1], ends[:-1])):
        if len(some):
            yield group, some
