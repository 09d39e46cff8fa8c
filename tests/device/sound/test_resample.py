"""The resampler gives the same samples however the sound is cut, and moves nothing in time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.sound.block import Samples
from device.sound.resample import Resampler

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000]
MODEL_RATE = 8000
NOTHING = np.empty(0, dtype=np.float32)


def noise(count: int, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32) * 0.1


def in_pieces(samples: Samples, lengths: list[int]) -> list[Samples]:
    """Cut samples by lengths, again and again, until they are used up."""
    pieces, at, turn = [], 0, 0
    while at < len(samples):
        pieces.append(samples[at : at + lengths[turn % len(lengths)]])
        at += lengths[turn % len(lengths)]
        turn += 1
    return pieces


def resampled(pieces: list[Samples], rate: int) -> Samples:
    resampler = Resampler(rate, MODEL_RATE)
    ready = [resampler.resample(piece) for piece in pieces]
    return np.concatenate([*ready, resampler.resample(NOTHING, last=True)])


@pytest.mark.parametrize("rate", RATES)
@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.integers(0, 5000), min_size=1, max_size=20).filter(any))
def test_any_cutting_of_the_sound_gives_the_same_samples(rate: int, lengths: list[int]) -> None:
    sound = noise(rate)
    np.testing.assert_array_equal(resampled(in_pieces(sound, lengths), rate), resampled([sound], rate))


@pytest.mark.parametrize("rate", RATES)
def test_a_sound_keeps_its_length(rate: int) -> None:
    length = len(resampled([noise(rate * 3 + 1)], rate))
    assert abs(length - (rate * 3 + 1) * MODEL_RATE / rate) <= 0.5


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_comes_out_at_the_same_pitch_level_and_time(rate: int) -> None:
    def tone(at: int) -> Samples:
        return np.sin(2 * np.pi * 440 * np.arange(2 * at) / at).astype(np.float32)

    out = resampled([tone(rate)], rate)
    inner = slice(800, -800)  # a filter rings where a tone begins at once
    np.testing.assert_allclose(out[inner], tone(MODEL_RATE)[inner], atol=2e-3)


@pytest.mark.parametrize("rate", [16000, 44100, 48000, 96000])
def test_what_the_model_rate_cannot_carry_is_gone_rather_than_folded_back(rate: int) -> None:
    too_high = np.sin(2 * np.pi * 5000 * np.arange(2 * rate) / rate).astype(np.float32)
    assert np.abs(resampled([too_high], rate)[800:-800]).max() < 1e-4


@pytest.mark.parametrize("rate", RATES)
def test_the_filter_holds_back_no_more_than_two_tenths_of_a_second(rate: int) -> None:
    resampler = Resampler(rate, MODEL_RATE)
    held = []
    for piece in in_pieces(noise(rate * 2), [rate // 10]):
        resampler.resample(piece)
        held.append(resampler.delay)
    assert min(held) >= 0.0
    assert (max(held) > 0.0) is (rate != MODEL_RATE)
    assert max(held) <= 0.2
    resampler.resample(NOTHING, last=True)
    assert resampler.delay == 0.0


@pytest.mark.parametrize("rate", [8000, 44100])
def test_after_its_end_a_resampler_begins_a_new_sound_with_nothing_of_the_old(rate: int) -> None:
    resampler = Resampler(rate, MODEL_RATE)
    resampler.resample(noise(rate, seed=1), last=True)
    sound = noise(rate, seed=2)
    np.testing.assert_array_equal(resampler.resample(sound, last=True), resampled([sound], rate))


def test_equal_rates_pass_samples_untouched() -> None:
    sound = noise(100)
    assert Resampler(MODEL_RATE, MODEL_RATE).resample(sound) is sound


@pytest.mark.parametrize("rates", [(0, 8000), (44100, 0), (-1, 8000)])
def test_a_rate_that_is_none_is_refused(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="rate"):
        Resampler(*rates)
