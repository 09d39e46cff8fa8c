"""What ships is int8, and says what it was trained on; it must answer as the network did."""

from pathlib import Path

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter

from central.training.export import converted, export, quantised
from central.training.net import EmbeddingNet, NetShape, Stage
from central.training.training import embed_with
from device.errors import Refused
from device.features import PARAMETERS, log_mel


def test_a_network_too_large_for_a_box_is_not_exported(tmp_path: Path) -> None:
    wide = EmbeddingNet(NetShape().times_as_wide(1.1))
    views = np.zeros((1, PARAMETERS.bands, PARAMETERS.frames), dtype=np.float32)
    with pytest.raises(Refused, match="narrower"):
        export(wide, views, tmp_path / "embedding.tflite", [])
    assert list(tmp_path.iterdir()) == []


def test_an_exported_network_answers_as_it_did_and_tells_its_parameters(tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = EmbeddingNet(NetShape(stages=(Stage(16, 1, 3), Stage(32, 1, 3)), dimension=16))
    rng = np.random.default_rng(2)
    sounds = np.cumsum(rng.standard_normal((64, PARAMETERS.window)), axis=1).astype(np.float32)
    spectrograms = log_mel(sounds - sounds.mean(axis=1, keepdims=True))
    net(torch.from_numpy(spectrograms[:, None]))  # BatchNorms see what passes
    model = export(
        net, spectrograms, tmp_path / "embedding.tflite", [{"steps": 1}], tmp_path / "float.tflite"
    )
    assert model.metadata["parameters_digest"] == PARAMETERS.digest
    assert model.metadata["trained"] == [{"steps": 1}]
    assert model.dimension == 16
    alike = (model.embed(spectrograms) * embed_with(net.eval())(spectrograms)).sum(axis=1)
    assert np.quantile(alike, 0.05) > 0.95, "int8 against float"
    assert (tmp_path / "float.tflite").stat().st_size > (tmp_path / "embedding.tflite").stat().st_size


def test_an_answer_that_few_windows_give_is_not_cut_off_by_int8() -> None:
    mean = torch.nn.Conv2d(1, 1, (PARAMETERS.bands, PARAMETERS.frames))
    torch.nn.init.constant_(mean.weight, 1 / (PARAMETERS.bands * PARAMETERS.frames))
    torch.nn.init.zeros_(mean.bias)
    windows = np.full((100, PARAMETERS.bands, PARAMETERS.frames), -0.5, dtype=np.float32)
    windows[3] = 0.9
    asked = Interpreter(model_content=quantised(converted(mean), windows))
    asked.allocate_tensors()
    (entry,), (answer,) = asked.get_input_details(), asked.get_output_details()
    scale, zero = entry["quantization"]
    asked.set_tensor(
        entry["index"], np.rint(windows[3:4, None] / scale + zero).clip(-128, 127).astype(np.int8)
    )
    asked.invoke()
    scale, zero = answer["quantization"]
    assert float((asked.get_tensor(answer["index"]).item() - zero) * scale) == pytest.approx(0.9, abs=0.05)
