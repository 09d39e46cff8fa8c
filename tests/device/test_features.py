"""Spectrograms: what the model sees must depend on the sound alone, and on nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from device.features import PARAMETERS, log_mel, log_mel_of_run


def tone(hertz: float, loudness: float = 0.5) -> np.ndarray:
    seconds = np.arange(PARAMETERS.window) / PARAMETERS.sample_rate
    return (loudness * np.sin(2 * np.pi * hertz * seconds)).astype(np.float32)


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, PARAMETERS.window)).astype(np.float32)


def test_a_tone_is_loudest_in_the_band_of_its_frequency() -> None:
    loudest = [log_mel(tone(hertz)[None])[0].mean(axis=1).argmax() for hertz in (200, 440, 1000, 3500)]
    mels = 2595 * np.log10(1 + np.array([160, 200, 440, 1000, 3500, 4000]) / 700)
    expected = (mels[1:-1] - mels[0]) / (mels[-1] - mels[0]) * (PARAMETERS.bands + 1) - 1
    np.testing.assert_allclose(loudest, expected, atol=1.0)


def test_a_click_shows_in_the_frame_of_its_time() -> None:
    window = np.zeros((1, PARAMETERS.window), dtype=np.float32)
    window[0, 40 * PARAMETERS.hop] = 1.0
    assert log_mel(window)[0].mean(axis=0).argmax() == 40


def test_digital_silence_is_the_floor_everywhere() -> None:
    assert np.all(log_mel(np.zeros((2, PARAMETERS.window), dtype=np.float32)) == PARAMETERS.low)


def test_no_window_gives_no_spectrogram() -> None:
    assert log_mel(np.empty((0, PARAMETERS.window), dtype=np.float32)).shape == (0, 64, 64)


def test_a_window_of_the_wrong_length_is_named() -> None:
    with pytest.raises(ValueError, match="16000"):
        log_mel(np.zeros((1, 15999), dtype=np.float32))


@settings(deadline=None, max_examples=20)
@given(gain=st.floats(-60.0, 20.0), seed=st.integers(0, 2**31))
def test_the_level_of_the_hall_does_not_matter(gain: float, seed: int) -> None:
    windows = noise(1, seed) * np.float32(0.1)
    louder = windows * np.float32(10 ** (gain / 20))
    np.testing.assert_allclose(log_mel(louder), log_mel(windows), atol=1e-4)


@settings(deadline=None, max_examples=15)
@given(count=st.integers(2, 70), place=st.integers(0, 69))
def test_a_window_does_not_see_the_others_of_its_batch(count: int, place: int) -> None:
    windows = noise(count)
    place %= count
    np.testing.assert_array_equal(log_mel(windows)[place], log_mel(windows[place : place + 1])[0])


def test_all_values_lie_in_the_range_the_model_takes() -> None:
    values = log_mel(np.concatenate([noise(3), tone(1000)[None], tone(250, 1e-6)[None]]))
    assert values.max(axis=(1, 2)) == pytest.approx(PARAMETERS.high)
    assert values.min() >= PARAMETERS.low


def test_any_changed_parameter_is_another_digest() -> None:
    changes = {name: value + 1 for name, value in vars(PARAMETERS).items() if not isinstance(value, str)}
    digests = {replace(PARAMETERS, **{name: value}).digest for name, value in changes.items()}
    digests.add(replace(PARAMETERS, mel="slaney").digest)
    assert len(digests) == len(changes) + 1
    assert PARAMETERS.digest not in digests


@pytest.mark.parametrize("hop", [4000, 250, 8000, 20000])
def test_windows_that_overlap_may_share_their_frames(hop: int) -> None:
    run = np.random.default_rng(4).standard_normal(PARAMETERS.window + 5 * hop).astype(np.float32)
    windows = np.stack([run[at : at + PARAMETERS.window] for at in range(0, 5 * hop + 1, hop)])
    np.testing.assert_allclose(log_mel_of_run(run, hop), log_mel(windows), atol=1e-5)
    by_scipy = log_mel_of_run(run, hop, transform=scipy.fft.rfft)
    np.testing.assert_allclose(by_scipy, log_mel(windows), atol=1e-5)
    for damaged in (run[:-1], run[: PARAMETERS.window - 1]):
        with pytest.raises(ValueError, match="no run"):
            log_mel_of_run(damaged, hop)
