"""A model with all that belongs to it: shipped with the software, or come with an update.

    embedding.tflite   the model; its digest is the set's name
    calibration.json   how its similarities are read
    background.npy     the crowd that density is measured against
    gate.tflite        tells music from speech; may be missing

A catalogue names the model that it was built with, so the catalogue decides which set is used.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from device.embedding import shipped_model_path
from device.errors import Refused

EMBEDDING, CALIBRATION, BACKGROUND, GATE = (
    "embedding.tflite",
    "calibration.json",
    "background.npy",
    "gate.tflite",
)
FILES = (EMBEDDING, CALIBRATION, BACKGROUND, GATE)
OPTIONAL = frozenset({GATE})


@dataclass(frozen=True)
class ModelSet:
    """The folder of one model's files."""

    folder: Path

    @property
    def embedding(self) -> Path:
        """The model."""
        return self.folder / EMBEDDING

    @property
    def calibration(self) -> Path:
        """How its similarities are read."""
        return self.folder / CALIBRATION

    @property
    def background(self) -> Path:
        """The crowd."""
        return self.folder / BACKGROUND

    @property
    def gate(self) -> Path | None:
        """What tells music from speech, None if the set has none."""
        path = self.folder / GATE
        return path if path.exists() else None


@cache
def shipped_digest() -> str:
    """Give the hex SHA-256 of the model that comes with this software."""
    return hashlib.sha256(shipped_model_path().read_bytes()).hexdigest()


def shipped() -> ModelSet:
    """Give the set that comes with this software."""
    return ModelSet(shipped_model_path().parent)


def find(digest: str, folder: Path | None) -> ModelSet:
    """Give the set of a model.

    Args:
        digest: Hex SHA-256 of the model, as a catalogue names it.
        folder: Where sets that came with updates lie, each under its digest; None: there are none.

    Raises:
        Refused: The box does not have it.
    """
    if digest == shipped_digest():
        return shipped()
    if folder is not None and (folder / digest / EMBEDDING).exists():
        return ModelSet(folder / digest)
    raise Refused(
        "catalogue-other-model",
        f"The catalogue was built with model {digest[:12]}, this software has model {shipped_digest()[:12]}.",
        "Install the catalogue that belongs to this version, or build it again.",
    )
