"""The clip is told from everything else by the shipped model, wherever in the sound it begins."""

import numpy as np
import pytest
import soxr

from device.embedding import EmbeddingModel, shipped_model_path
from device.self_test.clip import HEARD, RATE, SECONDS, clip, likeness

OTHER_CHORDS = ((155.6, 196.0, 233.1), (207.7, 246.9, 311.1), (138.6, 164.8, 207.7), (185.0, 233.1, 277.2))


@pytest.fixture(scope="module")
def model() -> EmbeddingModel:
    return EmbeddingModel(shipped_model_path())


def in_a_hall(sound: np.ndarray, begins: float, noise_db: float, rate: int = RATE) -> np.ndarray:
    """Let a sound begin so many seconds into a noise, as loud as so many dB below the clip."""
    rng = np.random.default_rng(3)
    power = float(np.mean(clip() ** 2))
    heard = rng.normal(0.0, np.sqrt(power * 10 ** (noise_db / 10)), round((SECONDS + 2.0) * RATE))
    at = round(begins * RATE)
    heard[at : at + len(sound)] += sound[: len(heard) - at]
    return soxr.resample(heard.astype(np.float32), RATE, rate)


@pytest.mark.parametrize(("begins", "rate"), [(0.1, 48_000), (0.67, 44_100), (1.6, 16_000)])
def test_the_clip_is_heard_wherever_it_begins_at_any_rate(
    model: EmbeddingModel, begins: float, rate: int
) -> None:
    assert likeness(in_a_hall(clip() * 0.05, begins, -60.0, rate), rate, model) > HEARD


@pytest.mark.parametrize(
    "sound", [clip(chords=OTHER_CHORDS, seed=8), np.zeros(RATE, dtype=np.float32)], ids=["music", "noise"]
)
def test_what_is_not_the_clip_is_not_taken_for_it(model: EmbeddingModel, sound: np.ndarray) -> None:
    assert likeness(in_a_hall(sound, 0.5, -20.0), RATE, model) < HEARD - 0.1


def test_too_little_sound_is_not_the_clip(model: EmbeddingModel) -> None:
    assert likeness(clip()[:RATE], RATE, model) == 0.0


def test_the_clip_is_the_same_each_time_and_never_too_loud() -> None:
    assert np.array_equal(clip(), clip())
    assert np.abs(clip()).max() == pytest.approx(0.5, abs=1e-3)
    assert len(clip()) == round(SECONDS * RATE)
