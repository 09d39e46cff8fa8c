"""Kept embeddings: a sound is heard once."""

from pathlib import Path

import numpy as np
import pytest

from central.evaluation.embeddings import Embedded, KeptEmbeddings


def heard(number: float) -> Embedded:
    return Embedded(np.array([0.0, number]), np.full((2, 4), number, dtype=np.float32), f"piece {number:g}")


def never() -> Embedded:
    pytest.fail("It was heard again.")


def test_what_is_kept_is_not_heard_again(tmp_path: Path) -> None:
    kept = KeptEmbeddings(tmp_path / "folder")
    kept.get("known/dry/1", lambda: heard(1.0))
    kept.get("known/dry/2", lambda: heard(2.0))
    again = KeptEmbeddings(tmp_path / "folder").get("known/dry/1", never)
    assert again.about == "piece 1"
    np.testing.assert_array_equal(again.positions, heard(1.0).positions)
    np.testing.assert_array_equal(again.embeddings, heard(1.0).embeddings)


def test_a_file_that_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    kept = KeptEmbeddings(tmp_path)
    kept.get("a", lambda: heard(1.0))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert kept.get("a", lambda: heard(3.0)).about == "piece 3"
