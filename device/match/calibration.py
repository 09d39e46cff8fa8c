"""How the shipped model's similarities are read: measured once for a model, shipped beside it."""

import json
from dataclasses import dataclass
from pathlib import Path

from device.errors import Refused

SHIPPED = Path(__file__).parent.parent / "models" / "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """What turns a window's similarities into evidence: a logistic regression's weights.

    Fitted by `estu-central calibrate` on windows along true lines against windows along the best wrong
    lines, over dry, reverberant and noisy sound.
    """

    model: str  # hex SHA-256 of the model file that it was measured with
    bias: float  # natural log of odds
    similarity: float  # for each unit of cosine between query and reference
    beside: float  # for each unit of cosine between query and the same recording, earlier and later
    density: float  # for each unit of cosine between query and its nearest background vectors
    similarity_squared: float
    beside_squared: float
    similarity_by_beside: float  # for each unit of their product
    floor: float  # the least evidence that one window may give: one bad window must not end a match
    ceiling: float  # the most: one perfect window must not make one
    accept: float  # from this score a match is a play
    candidate: float  # from this score it is worth telling, as unsure

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights in the order of `evidence.terms`."""
        return tuple(getattr(self, name) for name in WEIGHTS)


def load(path: Path = SHIPPED, model: str | None = None) -> Calibration:
    """Read a calibration.

    Args:
        path: The JSON file that `estu-central calibrate` writes.
        model: The digest of the model in use, to be checked against the one it was measured with.

    Raises:
        Refused: The file is not one, or belongs to another model.
    """
    try:
        found = json.loads(path.read_text())
        calibration = Calibration(model=found["model"], **{name: float(found[name]) for name in _NUMBERS})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            "calibration-unreadable",
            f"{path} is not a calibration: {error}.",
            "Put back the file that came with the model.",
        ) from error
    if model is not None and calibration.model != model:
        raise Refused(
            "calibration-other-model",
            f"{path} was measured with model {calibration.model[:12]}, but the model in use is {model[:12]}.",
            "Run `estu-central calibrate` for this model, or put back the model that the file came with.",
        )
    return calibration


WEIGHTS = (
    "similarity",
    "beside",
    "density",
    "similarity_squared",
    "beside_squared",
    "similarity_by_beside",
)
_NUMBERS = ("bias", *WEIGHTS, "floor", "ceiling", "accept", "candidate")
