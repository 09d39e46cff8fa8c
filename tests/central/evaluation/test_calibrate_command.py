"""`estu-central calibrate` from files of sound to the calibration that a box reads."""

import shutil
from pathlib import Path

import pytest

from central.__main__ import main
from central.evaluation import command, conditions
from device.embedding import EmbeddingModel, shipped_model_path
from device.match import background, calibration, chance
from tests.central.catalogue.music import write


def test_it_measures_a_model_and_writes_what_a_box_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, seeds, seconds in (
        ("known", 4, 20.0),
        ("unknown", 4, 20.0),
        ("speech", 3, 3.0),
        ("noise", 1, 3.0),
    ):
        for seed in range(seeds):
            write(tmp_path / kind / f"{seed}.wav", 10 * len(kind) + seed, seconds)
    (models := tmp_path / "models").mkdir()
    for file in (shipped_model_path(), background.SHIPPED):
        shutil.copy(file, models)
    audience = next(one for one in conditions.CONDITIONS if one.name == "hall, audience 10 dB")
    monkeypatch.setattr(conditions, "CONDITIONS", (conditions.Condition("dry"), audience))
    monkeypatch.setattr(command, "CLIP_SECONDS", 5.0)
    sound = [f"--{kind}={tmp_path / kind}" for kind in ("known", "unknown", "speech", "noise")]
    settings = ["--clips=4", "--hours=0.12", "--jobs=1", f"--sound={tmp_path / 'sound'}", f"--out={models}"]
    assert main(["calibrate", *sound, *settings]) == 0
    made = calibration.load(models / "calibration.json", EmbeddingModel(shipped_model_path()).digest)
    assert made.similarity + made.similarity_squared > 0  # what is more alike is more likely right
    assert 0 < made.candidate <= made.accept
    assert chance.load(models / "calibration.json").slope > 0
    assert f"A play from {made.accept:.2f}" in capsys.readouterr().out
