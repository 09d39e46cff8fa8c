"""The room's side of the comparison: consecutive windows of sound, embedded and looked up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.embedding import Embeddings
from device.match.neighbours import Nearest


@dataclass(frozen=True, eq=False)
class Queries:
    """n query windows in the order in which they sounded."""

    positions: NDArray[np.float64]  # (n,) seconds in the stream of each window's first sample
    embeddings: Embeddings  # (n, dimension), unit length
    density: NDArray[np.float32]  # (n,) see `background.py`
    nearest: Nearest  # (n, k)

    def __len__(self) -> int:
        return len(self.positions)

    def since(self, position: float) -> "Queries":
        """Give the queries from a position on."""
        first = int(np.searchsorted(self.positions, position))
        nearest = Nearest(self.nearest.rows[first:], self.nearest.similarities[first:])
        return Queries(self.positions[first:], self.embeddings[first:], self.density[first:], nearest)

    def followed_by(self, later: "Queries") -> "Queries":
        """Give these queries and later ones as one sequence."""
        return Queries(
            np.concatenate([self.positions, later.positions]),
            np.concatenate([self.embeddings, later.embeddings]),
            np.concatenate([self.density, later.density]),
            Nearest(
                np.concatenate([self.nearest.rows, later.nearest.rows]),
                np.concatenate([self.nearest.similarities, later.nearest.similarities]),
            ),
        )
