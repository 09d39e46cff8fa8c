"""The float model: what is none is refused with what to do."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from central.evaluation.float_model import FloatModel
from device.embedding import shipped_model_path
from device.errors import Refused


def test_the_quantised_model_is_not_taken_for_a_float_one() -> None:
    with pytest.raises(Refused) as refusal:
        FloatModel(shipped_model_path())
    assert refusal.value.code == "float-not-float"


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.tflite"):
        FloatModel(tmp_path / "nowhere.tflite")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.tflite"
    path.write_text("Not a model, though long enough to be read as one.")
    with pytest.raises(Refused) as refusal:
        FloatModel(path)
    assert refusal.value.code == "float-unreadable"


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is here")
def test_a_checkpoint_without_pytorch_says_what_to_install(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"weights")
    with pytest.raises(Refused, match="PyTorch") as refusal:
        FloatModel(path)
    assert "training" in refusal.value.advice
