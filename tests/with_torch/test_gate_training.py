"""The gate's own training: it learns, goes on where it stopped, and ships with thresholds of its own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from central.training import export, gate_export, gate_net, gate_training
from central.training.gate_net import GateNet
from central.training.gate_training import CHECKPOINT, GateSchedule
from central.training.net import EmbeddingNet
from central.training.pool import packed
from device.embedding import shipped_model_path
from device.errors import Refused
from device.features import PARAMETERS


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Music sounds in the lower bands, speech in the upper ones."""
    folder = tmp_path_factory.mktemp("pool")
    rng = np.random.default_rng(1)
    for side, count in (("train", 300), ("held", 100)):
        labels = rng.integers(0, 2, (count, 2)).astype(np.uint8)
        views = rng.uniform(-1.0, -0.4, (count, PARAMETERS.bands, PARAMETERS.frames)).astype(np.float32)
        views[:, :32] += 0.8 * labels[:, :1, None]
        views[:, 32:] += 0.8 * labels[:, 1:, None]
        kinds = np.array(["noise", "voice", "music", "music"])[labels @ (2, 1)]
        np.savez(folder / f"{side}-1-000.npz", views=packed(views), labels=labels, kinds=kinds)
    return folder


def test_the_gate_has_no_more_parameters_than_a_box_allows() -> None:
    assert GateNet().parameter_count() <= gate_export.LARGEST == 50_000


def test_a_gate_learns_goes_on_and_ships_with_its_thresholds(pool: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    gate_training.train(pool, run, GateSchedule(steps=40, batch=32))
    first = torch.load(run / CHECKPOINT, weights_only=True)
    gate_training.train(pool, run, GateSchedule(steps=120, batch=32))
    stored = torch.load(run / CHECKPOINT, weights_only=True)
    assert (first["steps"], stored["steps"]) == (40, 120)
    assert stored["seconds"] > first["seconds"] > 0.0
    gate = gate_export.export(run, pool, tmp_path / "gate.tflite")
    assert gate.metadata["network_parameters"] == GateNet().parameter_count()
    assert 0.0 < gate.music_from < 1.0
    assert 0.0 < gate.speech_from < 1.0
    assert gate.metadata["int8_against_float"] < 0.1  # sure answers too, which few windows give


def test_a_gate_begins_with_the_first_layers_of_an_embedding_of_its_width(pool: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    narrow, shown = EmbeddingNet(gate_net.FORM), gate_training.read(pool, "train").spectrograms
    export.export(narrow, shown, tmp_path / "narrow.tflite", [])
    net = GateNet()
    net.take_over(tmp_path / "narrow.tflite", torch.from_numpy(shown[:50, None]))
    weights = narrow.body[0][0].weight
    assert (net.trunk[0][0].weight - weights).abs().max() < 0.02 * weights.abs().max()
    gate_training.train(pool, tmp_path / "run", GateSchedule(steps=2, batch=8), tmp_path / "narrow.tflite")
    kept = torch.load(tmp_path / "run" / CHECKPOINT, weights_only=True)["net"]["trunk.0.0.weight"]
    assert torch.equal(kept, net.trunk[0][0].weight), "held at first"


def test_the_shipped_embedding_is_too_wide_for_a_gate(pool: Path) -> None:
    shown = gate_training.read(pool, "train").spectrograms[:50, None]
    with pytest.raises(Refused, match="not half as wide"):
        GateNet().take_over(shipped_model_path(), torch.from_numpy(shown))


def test_a_network_that_grew_too_large_is_not_shipped(
    pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate_training.train(pool, tmp_path / "run", GateSchedule(steps=1, batch=8))
    monkeypatch.setattr(gate_export, "LARGEST", 1000)
    with pytest.raises(ValueError, match="more than 1000"):
        gate_export.export(tmp_path / "run", pool, tmp_path / "gate.tflite")
    assert not (tmp_path / "gate.tflite").exists()
