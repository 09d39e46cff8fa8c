"""The classical peer: it must find what it can find, or it is no comparison."""

from pathlib import Path

import numpy as np
import pytest

from central.evaluation import chromaprint
from central.evaluation.chromaprint import Chromaprint
from central.evaluation.conditions import RATE
from tests.central.catalogue.music import melody, write

LENGTHS = (5.0, 10.0)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Chromaprint:
    folder = tmp_path_factory.mktemp("references")
    files = [write(folder / f"{seed}.flac", seed, 40.0, 22050) for seed in (1, 2, 3)]
    return Chromaprint({file.stem: chromaprint.of_file(file) for file in files}, LENGTHS)


def clip(seed: int, start: float) -> np.ndarray:
    import soxr

    whole = soxr.resample(melody(seed, 40.0, 22050), 22050, RATE)
    return np.asarray(whole[round(start * RATE) :][: 10 * RATE], dtype=np.float32)


@pytest.mark.parametrize("start", [0.0, 7.31, 28.9])
def test_a_clean_clip_is_found_at_its_place(peer: Chromaprint, start: float) -> None:
    for said in peer.said(clip(2, start), LENGTHS):
        assert said.recordings == {"2"}
        assert said.reference - said.at == pytest.approx(start, abs=0.1)


def test_an_unknown_clip_scores_lower_than_any_known_one(peer: Chromaprint) -> None:
    unknown = peer.said(clip(9, 12.0), LENGTHS)
    known = peer.said(clip(3, 12.0), LENGTHS)
    assert all(one.score < other.score - 1 for one, other in zip(unknown, known, strict=True))


def test_the_end_of_one_reference_does_not_go_on_in_the_next(peer: Chromaprint) -> None:
    joined = np.concatenate([clip(1, 35.0)[: 5 * RATE], clip(2, 0.0)[: 5 * RATE]])
    whole = peer.said(clip(2, 0.0), LENGTHS)[1]
    assert peer.said(joined, LENGTHS)[1].score < whole.score - 1


def test_silence_and_no_sound_are_answered_with_nothing_sure(peer: Chromaprint, tmp_path: Path) -> None:
    assert chromaprint.of_sound(np.zeros(0, np.float32)).size == 0
    assert chromaprint.of_file(tmp_path / "nowhere.flac").size == 0
