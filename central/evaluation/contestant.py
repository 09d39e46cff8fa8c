"""Those who answer: the box's own recognition with its int8 model, with a float one, or somebody else's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from central.evaluation.calibration import embedded
from central.evaluation.clips import Cut
from central.evaluation.embeddings import Embedded, KeptEmbeddings
from device.catalogue.catalogue import Catalogue
from device.embedding import EmbeddingModel
from device.features import PARAMETERS
from device.match.matcher import Matcher

INT8, FLOAT = "int8", "float"  # the box as it ships, and with the network before quantisation


@dataclass(frozen=True)
class Said:
    """The best answer to a clip."""

    recordings: frozenset[
        str
    ]  # ids; several if the catalogue has one sound under several, none if nothing was found
    at: float  # seconds in the clip
    reference: float  # seconds in the recording that sound then
    score: float


NOTHING = Said(frozenset(), 0.0, 0.0, 0.0)


class Contestant(Protocol):
    """Anybody who can say what sounds in a clip."""

    name: str

    def answers(self, key: str, clip: Cut, lengths: Sequence[float]) -> list[Said]:
        """Say what sounds in the first seconds of a clip.

        Args:
            key: The clip's name.
            clip: As long as the longest length.
            lengths: Seconds.

        Returns:
            One answer for each length.
        """


class Box:
    """The box's way of the sound: segments, log-mel, embedding, matcher."""

    def __init__(self, name: str, model: EmbeddingModel, matcher: Matcher, kept: KeptEmbeddings) -> None:
        """Take the parts as the box puts them together, and where this model's embeddings are kept."""
        self.name = name
        self._model, self._matcher, self._kept = model, matcher, kept

    def answers(self, key: str, clip: Cut, lengths: Sequence[float]) -> list[Said]:
        """Embed a clip once, and match what each length holds of it as one query, as `estu identify` does."""
        heard = self._kept.get(key, lambda: Embedded(*embedded(clip.sound, self._model)))
        positions, embeddings = heard.positions, heard.embeddings
        said = []
        for seconds in lengths:
            inside = int(np.searchsorted(positions, seconds - PARAMETERS.seconds + 1e-6))
            said.append(self._best(positions[:inside], embeddings[:inside]))
        return said

    def _best(self, positions: np.ndarray, embeddings: np.ndarray) -> Said:
        matches = self._matcher.identify(positions, embeddings) if len(positions) else []
        if not matches:
            return NOTHING
        best = max(matches, key=lambda match: match.score)
        ids = names(self._matcher.catalogue, best.recording)
        return Said(ids, best.start, best.reference_start, best.score)


def names(catalogue: Catalogue, number: int) -> frozenset[str]:
    """Give the ids of a recording and of those that have exactly its sound."""
    return frozenset(catalogue.recording(one).id for one in (number, *catalogue.same_sound(number)))
