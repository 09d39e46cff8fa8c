"""How crowded the place is where a query fell: its likeness to music that surely does not sound.

A similarity of 0.7 means much for an unusual sound and little for a drone that resembles everything. The
density of a query is its mean similarity to the nearest of a fixed set of background vectors, shipped with
the model. It is the idea of Now Playing's density-adaptive threshold (arXiv 1711.10958, section 4), taken
from a fixed cohort as in speaker verification (adaptive s-norm, Matejka et al. 2017) rather than from the
catalogue, so that a score means the same with ten references and with a million.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.embedding import Embeddings, dequantise
from device.errors import Refused

SHIPPED = Path(__file__).parent.parent / "models" / "background.npy"

# So many of the nearest background vectors are averaged: few enough to be local, enough to be steady.
NEAREST = 10


class Background:
    """A fixed set of embeddings of music that no catalogue holds."""

    def __init__(self, vectors: NDArray[np.int8]) -> None:
        """Keep the set.

        Args:
            vectors: (n, dimension) int8 embeddings, n > `NEAREST`.
        """
        self._vectors = dequantise(vectors)

    def density(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """Mean cosine to the nearest background vectors, (n,) for (n, dimension) embeddings."""
        # One by one: a product of two matrices first copies the larger, which takes ten times what it then saves.
        similarities = np.empty((len(embeddings), len(self._vectors)), dtype=np.float32)
        for own, embedding in zip(similarities, embeddings, strict=True):
            np.matmul(self._vectors, embedding, out=own)
        nearest = np.partition(similarities, -NEAREST, axis=1)[:, -NEAREST:]
        return np.asarray(nearest.mean(axis=1), dtype=np.float32)


def load(dimension: int, path: Path = SHIPPED) -> Background:
    """Read the background that ships with the model.

    Raises:
        Refused: The file is not one, or belongs to a model of another dimension.
    """
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise Refused(
            "background-unreadable",
            f"{path} is not a set of background vectors: {error}.",
            "Put back the file that came with the model.",
        ) from error
    if (
        vectors.dtype != np.int8
        or vectors.ndim != 2
        or vectors.shape[1] != dimension
        or len(vectors) <= NEAREST
    ):
        raise Refused(
            "background-other-model",
            f"{path} holds {vectors.dtype} {vectors.shape}, but the model gives {dimension} dimensions.",
            "Put back the file that came with the model.",
        )
    return Background(vectors)
