"""What a microphone in the hall hears of a programme."""

import numpy as np
import pytest

from demo.applause import applause
from demo.evening import Kind, Programme, Scene
from demo.hall import RATE, levels, perform
from demo.speech import TEXTS, say

DRY = np.ones(1, dtype=np.float32)


@pytest.fixture(scope="module")
def heard():
    scenes = (
        Scene(Kind.SILENCE, 4.0, -np.inf, start=0.0),
        Scene(Kind.SPEECH, 4.0, -26.0, start=6.0, language="kk"),
        Scene(Kind.APPLAUSE, 4.0, -24.0, start=12.0),
    )
    echo = np.exp(-np.arange(RATE) / (0.1 * RATE)).astype(np.float32)
    return perform(Programme(scenes, 18.0, seed=3), echo, DRY)


def test_speech_and_applause_are_as_loud_as_planned_and_silence_is_nearly_silent(heard):
    at = levels(heard, RATE, 1.0)
    assert at[:4].max() < -55
    assert at[6:10].mean() == pytest.approx(-26, abs=3)
    assert at[12:16].mean() == pytest.approx(-24, abs=4)
    assert np.abs(heard).max() <= 1.0


def test_the_audience_murmurs_between_the_scenes_some_dozen_decibels_below_them(heard):
    gap = levels(heard[int(10.8 * RATE) : int(11.8 * RATE)], RATE, 1.0)[0]
    assert -50 < gap < -36


def test_applause_grows_and_dies_and_consists_of_single_claps():
    sound = applause(8.0, 8000, 60, np.random.default_rng(1))
    loud = levels(sound, 8000, 0.5)
    assert loud[4:9].mean() > loud[0] + 3
    assert loud[4:9].mean() > loud[15] + 3
    one = applause(8.0, 8000, 1, np.random.default_rng(1))
    assert levels(one, 8000, 0.02).min() == pytest.approx(-120)


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_language_is_spoken_for_as_long_as_asked(language):
    sound = say(language, 40.0, 8000)
    assert len(sound) == 40 * 8000
    spoken = levels(sound, 8000, 1.0) > -40
    assert spoken.mean() > 0.8


def test_a_programme_sounds_the_same_each_time():
    programme = Programme((Scene(Kind.APPLAUSE, 2.0, -24.0),), 3.0, seed=5)
    assert np.array_equal(perform(programme, DRY, DRY), perform(programme, DRY, DRY))
