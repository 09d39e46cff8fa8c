"""Embeddings of what was heard, kept on the disk: another score, another catalogue or other thresholds need no sound."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from device.embedding import Embeddings


@dataclass(frozen=True, eq=False)
class Embedded:
    """A sound as the model sees it."""

    positions: NDArray[np.float64]  # (n,) seconds of each window that is not silent
    embeddings: Embeddings  # (n, dimension)
    about: str = ""  # whatever else belongs to the sound, as text


class KeptEmbeddings:
    """A folder of embeddings by name."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; everything in it must come from one model and one way to make the sounds."""
        self._folder = folder

    def get(self, key: str, make: Callable[[], Embedded]) -> Embedded:
        """Give what is kept under a name, or make it now and keep it.

        Args:
            key: The name.
            make: Hears the sound.
        """
        target = self._folder / f"{sha256(key.encode()).hexdigest()[:24]}.npz"
        try:
            with np.load(target, allow_pickle=False) as there:
                return Embedded(there["positions"], there["embeddings"], str(there["about"]))
        except (OSError, ValueError, KeyError, BadZipFile):
            made = make()
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = target.with_suffix(f".{np.random.default_rng().integers(2**32):08x}.part")
        with beside.open("wb") as out:
            np.savez(out, positions=made.positions, embeddings=made.embeddings, about=np.array(made.about))
        beside.replace(target)
        return made
