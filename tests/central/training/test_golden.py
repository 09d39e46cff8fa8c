"""The golden clip: it must be the same sound for ever, wherever it is made."""

from pathlib import Path

import numpy as np

from central.training import golden
from central.training.__main__ import main
from device.embedding import EmbeddingModel, shipped_model_path

STORED = Path(__file__).parents[2] / "device" / "golden" / "embeddings.npz"


def test_the_stored_clip_is_the_one_that_is_made() -> None:
    with np.load(STORED) as stored:
        apart = stored["samples"].astype(int) - golden.clip()
    assert np.abs(apart).max() <= 1


def test_golden_values_are_written_anew_by_one_command(tmp_path: Path) -> None:
    assert main(["golden", "--out", str(tmp_path / "embeddings.npz")]) == 0
    with np.load(tmp_path / "embeddings.npz") as written:
        assert written["embeddings"].shape == (len(golden.windows(golden.clip())), 96)
        assert str(written["model_digest"]) == EmbeddingModel(shipped_model_path()).digest
    assert (tmp_path / "embeddings.npz").stat().st_size < 200_000
