"""A file becomes vectors: those that a box would make of it, from its first sample to its last."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from central.catalogue.fingerprinting import Fingerprint, fingerprint
from device.embedding import EmbeddingModel, dequantise, quantise
from device.errors import Refused
from device.features import PARAMETERS, log_mel
from device.sound.replay import blocks
from device.sound.resample import Resampler
from device.sound.segments import Segments
from tests.central.catalogue import music

HOP = 0.5


def of(path: Path, model: EmbeddingModel) -> Fingerprint:
    return fingerprint(path, model, HOP, pytest.fail)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Give the cosine of two stored vectors."""
    return float(np.dot(*dequantise(np.stack([one, other]))))


def as_heard(path: Path, model: EmbeddingModel) -> dict[float, np.ndarray]:
    """Hear a file as the box does, block by block and segment by segment."""
    segments, resampler, found = Segments(PARAMETERS.window, 2000), None, {}
    for block in blocks(path):
        resampler = resampler or Resampler(block.rate, PARAMETERS.sample_rate)
        for segment in segments.cut(resampler.resample(block.samples)):
            found[segment.position] = quantise(model.embed(log_mel(segment.samples[None])))[0]
    return found


@pytest.mark.parametrize(
    ("ending", "rate"), [("wav", 22050), ("flac", 48000), ("ogg", 44100), ("mp3", 44100)]
)
def test_vectors_are_those_that_the_box_makes_at_the_same_places(
    tmp_path: Path, model: EmbeddingModel, ending: str, rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = music.write(tmp_path / f"a.{ending}", 7, 7.3, rate)
    fast, heard = of(path, model), as_heard(path, model)
    # By the box's own transform they are the same to the bit; scipy's moves some values by a step or two of int8.
    monkeypatch.setattr("scipy.fft.rfft", np.fft.rfft)
    found = of(path, model)
    assert len(found.vectors) == len(fast.vectors) == 12
    for row, vector in enumerate(found.vectors[:-1]):
        if row * HOP in heard:
            np.testing.assert_array_equal(vector, heard[row * HOP])
            assert alike(fast.vectors[row], vector) > 0.999
    assert sum(row * HOP in heard for row in range(11)) >= 10


def test_the_last_window_ends_with_the_last_sample(tmp_path: Path, model: EmbeddingModel) -> None:
    sound = music.melody(8, 5.3, PARAMETERS.sample_rate)
    soundfile.write(tmp_path / "a.wav", sound, PARAMETERS.sample_rate, subtype="FLOAT")
    found = of(tmp_path / "a.wav", model)
    assert (found.seconds, found.last_seconds) == (5.3, pytest.approx(3.3))
    assert len(found.vectors) == 8
    last = quantise(model.embed(log_mel(sound[None, -PARAMETERS.window :])))
    np.testing.assert_array_equal(found.vectors[-1:], last)


def test_a_file_that_ends_with_a_window_gets_no_other_one(tmp_path: Path, model: EmbeddingModel) -> None:
    soundfile.write(tmp_path / "a.wav", music.melody(9, 4.0, 8000), 8000)
    found = of(tmp_path / "a.wav", model)
    assert (len(found.vectors), found.last_seconds) == (5, 2.0)


@pytest.mark.parametrize("seconds", [0.05, 1.0, 1.999, 2.0])
def test_a_short_file_is_one_window(tmp_path: Path, model: EmbeddingModel, seconds: float) -> None:
    sound = music.melody(10, seconds, 8000)
    soundfile.write(tmp_path / "a.wav", sound, 8000, subtype="FLOAT")
    found = of(tmp_path / "a.wav", model)
    filled = np.pad(sound, (0, 16000 - len(sound)))
    np.testing.assert_array_equal(found.vectors, quantise(model.embed(log_mel(filled[None]))))
    assert (found.seconds, found.last_seconds) == (pytest.approx(seconds), 0.0)


def test_a_silent_stretch_resembles_nothing(tmp_path: Path, model: EmbeddingModel) -> None:
    sound = np.concatenate([music.melody(11, 4.0, 8000), np.zeros(4 * 8000), music.melody(12, 4.0, 8000)])
    soundfile.write(tmp_path / "a.wav", sound, 8000)
    silent = ~of(tmp_path / "a.wav", model).vectors.any(axis=1)
    assert np.flatnonzero(silent).tolist() == [8, 9, 10, 11, 12]


def test_a_file_in_which_nothing_sounds_is_refused(tmp_path: Path, model: EmbeddingModel) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(30000), 8000)
    with pytest.raises(Refused, match="silent"):
        of(tmp_path / "a.wav", model)


def test_a_file_that_is_cut_short_gives_what_it_has_and_is_reported(
    tmp_path: Path, model: EmbeddingModel
) -> None:
    whole = music.write(tmp_path / "whole.wav", 13, 8.0)
    (tmp_path / "cut.wav").write_bytes(whole.read_bytes()[:200_000])
    said: list[str] = []
    found = fingerprint(tmp_path / "cut.wav", model, HOP, said.append)
    assert found.seconds == pytest.approx(4.5, abs=0.1)
    assert len(said) == 1
    assert "cut.wav" in said[0]


def test_what_is_no_sound_is_refused(tmp_path: Path, model: EmbeddingModel) -> None:
    (tmp_path / "a.mp3").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(Refused):
        of(tmp_path / "a.mp3", model)
