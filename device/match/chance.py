"""How often chance alone gives a score: what a score is worth, in false alarms an hour.

`estu-central calibrate` hears hours of unknown sound and writes beside the thresholds how the highest scores of chance fall
off: exponentially (Karlin and Altschul 1990).
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from device.errors import Refused
from device.match.calibration import SHIPPED


@dataclass(frozen=True)
class Chance:
    """The tail of what unknown sound scores."""

    onset: float  # score from which the tail is followed
    slope: float  # mean excess over the onset, above 0
    rate: float  # times an hour that unknown sound passes the onset

    def per_hour(self, score: float) -> float:
        """Give how many times an hour unknown sound reaches a score; below the onset it is not known better than there."""
        return self.rate * math.exp(-max(0.0, score - self.onset) / self.slope)


def load(path: Path = SHIPPED) -> Chance:
    """Read what a calibration says of chance.

    Args:
        path: The JSON file that `estu-central calibrate` writes.

    Raises:
        Refused: It does not say so.
    """
    try:
        told = json.loads(path.read_text())["chance"]
        chance = Chance(*(float(told[name]) for name in ("onset", "slope", "rate")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from error
    if not (chance.slope > 0 and chance.rate >= 0 and math.isfinite(chance.onset)):
        raise _unreadable(path, "its numbers are impossible")
    return chance


def _unreadable(path: Path, why: object) -> Refused:
    return Refused(
        "calibration-unreadable",
        f"{path} does not say what chance scores: {why}.",
        "Put back the file that came with the model, or run `estu-central calibrate`.",
    )
