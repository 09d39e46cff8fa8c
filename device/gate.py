"""The gate: whether music sounds in a segment, and whether somebody speaks; both, or neither.

Rules:

1. Music and speech are asked apart: music under speech is music, and both.
2. Singing is music. Applause, effects, machines and a murmuring hall without words are neither.
3. What is speech without music is counted, and used for nothing that leaves the box.

It sees the spectrogram that is there for the embedding anyway.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import Refused
from device.quantised import QuantisedModel

METADATA = "gate.json"  # the name inside the archive that is appended to the model


@dataclass(frozen=True)
class Heard:
    """What the gate takes a segment for."""

    music: float  # probability that music sounds, alone or beside anything else
    speech: float  # probability that somebody speaks
    music_from: float  # probabilities from which it is said to be so; they ship with the model
    speech_from: float

    @property
    def is_music(self) -> bool:
        """Whether music sounds."""
        return self.music >= self.music_from

    @property
    def is_speech(self) -> bool:
        """Whether somebody speaks."""
        return self.speech >= self.speech_from


class Gate:
    """A gate model, ready to hear."""

    def __init__(self, path: Path) -> None:
        """Load a model.

        Args:
            path: An int8 `.tflite` with metadata, as `python -m central.training gate export` writes it.

        Raises:
            Refused: The file is no such model, or was trained on other feature parameters.
        """
        self._model = QuantisedModel(path, METADATA)
        self.digest = self._model.digest
        self.metadata = self._model.metadata
        try:
            self.music_from, self.speech_from = (
                float(self.metadata[name]) for name in ("music_from", "speech_from")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(
                "gate-unreadable", f"{path.name} does not say from when music is music.", "Install it again."
            ) from error
        if self._model.size != 2:
            raise Refused("gate-unreadable", f"{path.name} gives not two numbers.", "Install it again.")

    def hear(self, log_mel: NDArray[np.float32]) -> list[Heard]:
        """Hear spectrograms, each on its own.

        Args:
            log_mel: What `device.features.log_mel` gives, shape (n, bands, frames).

        Returns:
            One answer for each.
        """
        return [
            Heard(float(music), float(speech), self.music_from, self.speech_from)
            for music, speech in self.probabilities(log_mel)
        ]

    def probabilities(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give (n, 2) probabilities of music and of speech; as `hear`."""
        return np.asarray(1.0 / (1.0 + np.exp(-self._model.answer(log_mel))), dtype=np.float32)


def shipped_gate_path() -> Path:
    """Give the gate that comes with this program."""
    return Path(__file__).parent / "models" / "gate.tflite"
