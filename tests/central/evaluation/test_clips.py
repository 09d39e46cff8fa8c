"""Clips: cut where they say, from music that sounds."""

import numpy as np
import pytest

from central.evaluation.clips import make
from central.evaluation.conditions import RATE, Condition

SECONDS = 5.0


def track(seconds: float) -> np.ndarray:
    """A tone that rises by 20 Hz a second, so that its pitch tells the time."""
    times = np.arange(round(seconds * RATE)) / RATE
    return (0.1 * np.sin(2 * np.pi * (300 * times + 10 * times**2))).astype(np.float32)


def second_of(sound: np.ndarray) -> float:
    """Which second of `track` the first quarter of a second is from."""
    begin = sound[: RATE // 4] * np.hanning(RATE // 4)
    hertz = np.argmax(np.abs(np.fft.rfft(begin, 16 * RATE))) / 16
    return (hertz - 300) / 20 - 0.125


@pytest.mark.parametrize("speed", [0.96, 1.0, 1.04])
def test_a_clip_begins_at_the_second_of_the_track_that_it_says(speed: float) -> None:
    made = make(track(60.0), [], Condition("c", speed=speed), SECONDS, np.random.default_rng(4))
    assert made is not None
    sound, start = made
    assert len(sound) == SECONDS * RATE
    hertz = 300 + 20 * (start + 0.125 * speed)  # in the middle of what is looked at, before it plays faster
    assert second_of(sound) == pytest.approx((hertz * speed - 300) / 20 - 0.125, abs=0.1)


def test_a_clip_is_cut_where_something_sounds() -> None:
    music = track(120.0)
    music[: 100 * RATE] = 0.0
    for seed in range(5):
        made = make(music, [], Condition("dry"), SECONDS, np.random.default_rng(seed))
        assert made is None or made[1] > 95.0


def test_a_track_of_pauses_gives_no_clip() -> None:
    assert (
        make(np.zeros(60 * RATE, np.float32), [], Condition("dry"), SECONDS, np.random.default_rng(1)) is None
    )
