"""The embedding model: a spectrogram becomes a unit vector."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.quantised import QuantisedModel

# A stored component is one byte: int8 of e * 127 * EMBEDDING_SCALE. Components of a unit vector in some hundred
# dimensions rarely reach 0.5, so a scale of 2 wastes no bits and cuts off next to nothing.
EMBEDDING_SCALE = 2.0

Embeddings = NDArray[np.float32]  # (n, dimension), or (dimension,) for one; of unit length

METADATA = "embedding.json"  # the name inside the archive that is appended to the model


class EmbeddingModel:
    """A model file, ready to embed spectrograms on one core."""

    def __init__(self, path: Path) -> None:
        """Load a model.

        Args:
            path: An int8 `.tflite` with metadata, as `central.training` exports it.

        Raises:
            Refused: The file is no such model, or was trained on other feature parameters.
        """
        self._model = QuantisedModel(path, METADATA)
        self.digest = self._model.digest
        self.metadata = self._model.metadata
        self.dimension = self._model.size

    def embed(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed spectrograms, one after the other on one core.

        Args:
            log_mel: What `device.features.log_mel` gives, shape (n, bands, frames).

        Returns:
            Vectors of unit length, shape (n, dimension).
        """
        return _unit(self._model.answer(log_mel))


def shipped_model_path() -> Path:
    """Give the model that comes with this program."""
    return Path(__file__).parent / "models" / "embedding.tflite"


def quantise(embeddings: NDArray[np.float32]) -> NDArray[np.int8]:
    """Store embeddings as one byte a component, as catalogues and events hold them."""
    steps: NDArray[np.float32] = np.rint(embeddings * np.float32(127.0 * EMBEDDING_SCALE))
    return np.clip(steps, -127, 127).astype(np.int8)


def dequantise(vectors: NDArray[np.int8]) -> NDArray[np.float32]:
    """Read stored embeddings back, of unit length again."""
    steps = vectors.astype(np.float32)
    # Sums of squares of such whole numbers are exact, in whatever order they are added.
    return _scaled(steps, np.sqrt(np.einsum("...i,...i->...", steps, steps))[..., None])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return _scaled(vectors, np.linalg.norm(vectors, axis=-1, keepdims=True))


def _scaled(vectors: NDArray[np.float32], lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    # An all-zero answer has no direction; it stays zero, similar to nothing.
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
