"""Conditions: what happens to music on its way to the box, by the decibel and by the second."""

import numpy as np
import pytest

from central.evaluation.conditions import CONDITIONS, PAST, RATE, Condition, Noise, degrade

SECONDS = 5.0


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
    return (0.1 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def talks() -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [rng.normal(0, 0.1, RATE * 3).astype(np.float32) for _ in range(4)]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_every_condition_gives_finite_sound_of_the_length_asked_for(condition: Condition) -> None:
    music = tone(PAST + SECONDS * condition.speed + 1.0)
    heard = degrade(music, talks(), condition, np.random.default_rng(1))
    assert len(heard) >= round(SECONDS * RATE)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() == pytest.approx(0.3, abs=1e-3)


def test_one_seed_gives_one_sound() -> None:
    music, condition = tone(PAST + SECONDS), CONDITIONS[5]
    one, two = (degrade(music, talks(), condition, np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("snr", [10.0, 0.0, -5.0])
@pytest.mark.parametrize("noise", [Noise.AUDIENCE, Noise.DIALOGUE])
def test_music_stands_above_the_voices_by_the_decibels_asked_for(noise: Noise, snr: float) -> None:
    heard = degrade(tone(PAST + SECONDS), talks(), Condition("c", None, noise, snr), np.random.default_rng(1))
    spectrum = np.square(np.abs(np.fft.rfft(heard)))
    peak = round(440.0 * len(heard) / RATE)
    music = spectrum[peak - 3 : peak + 4].sum()
    assert 10 * np.log10(music / (spectrum.sum() - music)) == pytest.approx(snr, abs=1.0)


@pytest.mark.parametrize("speed", [0.96, 1.04])
def test_another_speed_moves_the_pitch_as_a_faster_film_does(speed: float) -> None:
    heard = degrade(tone(PAST + 6.0), [], Condition("fast", speed=speed), np.random.default_rng(1))
    found = np.argmax(np.abs(np.fft.rfft(heard * np.hanning(len(heard))))) * RATE / len(heard)
    assert found == pytest.approx(440.0 * speed, abs=1.0)
