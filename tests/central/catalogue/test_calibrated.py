"""The thresholds that a catalogue carries."""

import json
from pathlib import Path

import pytest

from central.catalogue import calibrated
from device.errors import Refused

MODEL = "ab" * 32
MEASURED = {
    "model": MODEL,
    "bias": -4.0,
    "similarity": 12.0,
    "beside": -3.0,
    "density": -5.0,
    "similarity_squared": 0.0,
    "beside_squared": 0.0,
    "similarity_by_beside": 0.0,
    "floor": -2.0,
    "ceiling": 5.0,
    "accept": 8.5,
    "candidate": 4.5,
}


def test_the_model_s_own_calibration_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text(json.dumps(MEASURED))
    found = calibrated.thresholds(MODEL, tmp_path / "calibration.json")
    assert (found.accept, found.candidate, found.model) == (8.5, 4.5, MODEL)
    assert found.measured.startswith("calibrated with this model")


def test_another_model_s_calibration_is_not_and_the_catalogue_says_so(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text(json.dumps(MEASURED))
    found = calibrated.thresholds("cd" * 32, tmp_path / "calibration.json")
    assert (found.accept, found.candidate) == (calibrated.DEFAULT_ACCEPT, calibrated.DEFAULT_CANDIDATE)
    assert "the calibration is of model abababababab" in found.measured


def test_without_a_calibration_there_are_cautious_thresholds(tmp_path: Path) -> None:
    found = calibrated.thresholds(MODEL, tmp_path / "none.json")
    assert found.accept > found.candidate > 0
    assert "there is no calibration" in found.measured


def test_a_calibration_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text("{}")
    with pytest.raises(Refused, match="is not a calibration"):
        calibrated.thresholds(MODEL, tmp_path / "calibration.json")
