"""Where places lie for the network that is being trained, so that a batch can be made of those that it confuses.

Of tracks drawn at random few resemble each other, and a network soon tells them apart. What chance is made of on a box is the
rest: slow strings against other slow strings, and a refrain against its second time. A batch of groups of places that sound
alike is mostly that (hard negatives, as in Xiong et al. 2021, ANCE).
"""

from collections.abc import Callable
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from central.training.pool import unpacked

Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]  # spectrograms to unit vectors

AMONG = 60  # places that are most like a group's first one, of which the others of its group are drawn
SAME = 0.95  # cosine from which two clean places may be the same sound, and are not pushed apart
APART = 2.5  # seconds between two places of one track that surely hold no common sound, shifts included
_LOOKED_AT = 4000  # places, the nearest ones, among which those are looked for
_AT_ONCE = 512


class Likeness:
    """A vector for each place. They are as old as the last batch that showed the place."""

    def __init__(self, embed: Embed, rng: np.random.Generator) -> None:
        """Begin without places.

        Args:
            embed: What the network makes of spectrograms now.
            rng: Where the luck comes from.
        """
        self._embed, self._rng = embed, rng
        self._tracks = np.empty(0, dtype=np.int64)
        self._places = np.empty(0, dtype=np.float32)
        self._vectors = np.empty((0, 0), dtype=np.float32)

    def add(self, views: NDArray[np.uint8], tracks: NDArray[np.int64], places: NDArray[np.float32]) -> None:
        """Take up places, which are numbered on.

        Args:
            views: (n, bands, frames), clean, as `pool.packed` stores them.
            tracks: (n,) what each is of.
            places: (n,) seconds in it; NaN where nobody knows.
        """
        parts = [unpacked(views[first : first + _AT_ONCE]) for first in range(0, len(views), _AT_ONCE)]
        added = [self._embed(part) for part in parts]
        self._vectors = np.concatenate([self._vectors, *added] if len(self._tracks) else added)
        self._tracks = np.concatenate([self._tracks, tracks])
        self._places = np.concatenate([self._places, places])

    def move(self, places: list[int], vectors: NDArray[np.float32]) -> None:
        """Say where places lie now: numbers (n,), and unit vectors (n, dimension)."""
        self._vectors[places] = vectors

    def groups(self, count: int, size: int) -> list[int]:
        """Draw groups of places that have no sound in common.

        Args:
            count: Of groups; fewer if there are not so many tracks.
            size: Places in a group, fewer where not so many are left that are like its first.

        Returns:
            Numbers of places, group by group.
        """
        firsts = self._firsts(count)
        taken = _Taken()
        for first in firsts:
            taken.take(int(self._tracks[first]), float(self._places[first]))
        drawn: list[int] = []
        # One product for all groups: the vectors are some hundred megabytes, and reading them is what takes time.
        for first, alike in zip(firsts, self._vectors[firsts] @ self._vectors.T, strict=True):
            others = self._rng.permutation(self._near(alike, taken))[: size - 1].tolist()
            for other in others:
                taken.take(int(self._tracks[other]), float(self._places[other]))
            drawn += [first, *others]
        return drawn

    def _firsts(self, count: int) -> list[int]:
        """Draw places of different tracks, as many as asked for or as there are tracks."""
        firsts: dict[int, int] = {}
        for place in self._rng.permutation(len(self._tracks)).tolist():
            firsts.setdefault(int(self._tracks[place]), place)
            if len(firsts) == count:
                break
        return list(firsts.values())

    def _near(self, alike: NDArray[np.float32], taken: "_Taken") -> list[int]:
        """Give the places that are most like one and have no sound in common, with each other or with what is taken.

        Args:
            alike: (places,) their cosine to it.
            taken: What the batch holds already.
        """
        # A sample tells from which cosine on some `_LOOKED_AT` are left: sorting them all takes a hundred times as long.
        sample = np.sort(alike[:: max(1, len(alike) // _LOOKED_AT)])
        least = sample[-min(len(sample), 1 + _LOOKED_AT * len(sample) // len(alike))]
        nearest = np.flatnonzero((alike >= least) & (alike <= SAME))
        taken = taken.copy()
        order = nearest[np.argsort(-alike[nearest])].tolist()
        free = (one for one in order if taken.take(int(self._tracks[one]), float(self._places[one])))
        return list(islice(free, AMONG))


class _Taken:
    """What a batch holds already: of each track the places, or all of it where nobody knows them."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[float, ...]] = {}

    def take(self, track: int, place: float) -> bool:
        """Take a place if it has surely no sound in common with what is taken, and tell whether it was taken."""
        before = self._places.get(track, ())
        # Of NaN no distance is large enough.
        if free := all(abs(place - other) >= APART for other in before):
            self._places[track] = (*before, place)
        return free

    def copy(self) -> "_Taken":
        """Give another one that holds the same."""
        other = _Taken()
        other._places = dict(self._places)
        return other
