"""Where places lie for the network that is being trained, so that a batch can be made of those that it confuses.

Of tracks drawn at random few resemble each other, and a network soon tells them apart. What chance is made of on a box is the
rest: slow strings against other slow strings. A batch of groups of places that sound alike, each of another track, is
mostly that (hard negatives, as in Xiong et al. 2021, ANCE).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from central.training.pool import unpacked

Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]  # spectrograms to unit vectors

AMONG = 60  # tracks that are most like a group's first place, of which the others of its group are drawn
SAME = (
    0.95  # cosine from which two clean places may be the same sound in two tracks, and are not pushed apart
)
_LOOKED_AT = 4000  # places, the nearest ones, among which those tracks are looked for
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
        self._vectors = np.empty((0, 0), dtype=np.float32)

    @property
    def places(self) -> int:
        """How many there are."""
        return len(self._tracks)

    def add(self, views: NDArray[np.uint8], tracks: NDArray[np.int64]) -> None:
        """Take up places, which are numbered on.

        Args:
            views: (n, bands, frames), clean, as `pool.packed` stores them.
            tracks: (n,) what each is of.
        """
        parts = [unpacked(views[first : first + _AT_ONCE]) for first in range(0, len(views), _AT_ONCE)]
        added = [self._embed(part) for part in parts]
        self._vectors = np.concatenate([self._vectors, *added] if self.places else added)
        self._tracks = np.concatenate([self._tracks, tracks])

    def move(self, places: list[int], vectors: NDArray[np.float32]) -> None:
        """Say where places lie now: numbers (n,), and unit vectors (n, dimension)."""
        self._vectors[places] = vectors

    def groups(self, count: int, size: int) -> list[int]:
        """Draw groups of places, no two of the same track.

        Args:
            count: Of groups, at most as there are tracks.
            size: Places in a group, fewer where not so many tracks are left that are like its first.

        Returns:
            Numbers of places, group by group.
        """
        drawn: list[int] = []
        for _ in range(count):
            taken = self._tracks[drawn]
            free = np.flatnonzero(~np.isin(self._tracks, taken))
            if not len(free):
                break
            first = int(self._rng.choice(free))
            others = self._near(first, {*taken.tolist(), int(self._tracks[first])})
            drawn += [first, *self._rng.permutation(others)[: size - 1].tolist()]
        return drawn

    def _near(self, place: int, taken: set[int]) -> list[int]:
        """Give the nearest place of each of the tracks that are most like one, those taken left out."""
        alike = self._vectors @ self._vectors[place]
        most = min(_LOOKED_AT, len(alike))
        nearest = np.argpartition(-alike, most - 1)[:most]
        nearest = nearest[alike[nearest] <= SAME]
        found: dict[int, int] = {}
        for number in nearest[np.argsort(-alike[nearest])].tolist():
            track = int(self._tracks[number])
            if track not in taken:
                found.setdefault(track, number)
                if len(found) == AMONG:
                    break
        return list(found.values())
