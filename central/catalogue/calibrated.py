"""The thresholds that a catalogue carries: those its model was measured with, or cautious ones."""

from pathlib import Path

from device.catalogue.thresholds import Thresholds
from device.match import calibration

# A score is the natural log of the odds that a match is right, added up over its windows. Unmeasured, a play must
# be believed at some 160,000 to 1 and a candidate at some 150 to 1.
DEFAULT_ACCEPT = 12.0
DEFAULT_CANDIDATE = 5.0


def thresholds(model: str, measured: Path = calibration.SHIPPED) -> Thresholds:
    """Give the thresholds for a model.

    Args:
        model: Hex SHA-256 of the model.
        measured: The calibration that ships with a model; it need not exist.

    Raises:
        Refused: The file is there but is not a calibration.
    """
    if not measured.exists():
        return _unmeasured(model, "there is no calibration")
    found = calibration.load(measured)
    if found.model != model:
        return _unmeasured(model, f"the calibration is of model {found.model[:12]}")
    return Thresholds(found.accept, found.candidate, model, f"calibrated with this model ({measured.name})")


def _unmeasured(model: str, why: str) -> Thresholds:
    return Thresholds(DEFAULT_ACCEPT, DEFAULT_CANDIDATE, model, f"not measured, cautious defaults: {why}")
