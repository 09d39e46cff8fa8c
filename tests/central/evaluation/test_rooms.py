"""Simulated rooms: they must sound as their T60 and distance say, and leave positions in time alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.evaluation import rooms

RATE = 8000


def decay(response: np.ndarray, rate: int = RATE) -> float:
    """T60 by Schroeder's backward integration, from -5 to -25 dB (ISO 3382)."""
    left = np.cumsum(np.square(response[::-1].astype(np.float64)))[::-1]
    decibels = 10 * np.log10(left / left[0] + 1e-12)
    return float(np.argmax(decibels < -25) - np.argmax(decibels < -5)) / rate * 3


@pytest.mark.parametrize("room", [rooms.CINEMA, rooms.THEATRE, rooms.HALL], ids=lambda room: room.name)
@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_room_reverberates_as_long_as_its_t60_says(room: rooms.Room, rate: int) -> None:
    response = rooms.impulse_response(room, np.random.default_rng(3), rate)
    assert decay(response, rate) == pytest.approx(room.t60, rel=0.25)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31))
def test_every_drawn_room_has_a_response_of_unit_energy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    room = rooms.drawn(rng)
    assert 0.15 <= room.t60 <= 3.5
    response = rooms.impulse_response(room, rng)
    assert np.all(np.isfinite(response))
    assert np.sum(np.square(response)) == pytest.approx(1.0, rel=1e-3)


def test_the_farther_the_microphone_the_less_direct_sound_arrives() -> None:
    def direct(distance: float) -> float:
        room = replace(rooms.HALL, distance=distance)
        shares = [
            np.sum(np.square(rooms.impulse_response(room, np.random.default_rng(seed))[:16]))
            for seed in range(5)
        ]
        return float(np.mean(shares))

    assert direct(2.0) > 2 * direct(8.0) > 3 * direct(30.0)


def test_a_room_does_not_move_sound_in_time() -> None:
    sound = np.zeros(RATE, dtype=np.float32)
    sound[3000] = 1.0
    response = rooms.impulse_response(replace(rooms.CINEMA, distance=1.0), np.random.default_rng(0))
    heard = rooms.reverberate(sound, response)
    assert len(heard) == len(sound)
    assert np.all(np.abs(heard[:2990]) < 1e-5)
    assert abs(int(np.argmax(np.abs(heard))) - 3000) <= 8


def test_what_a_hall_still_says_of_earlier_sound_is_heard() -> None:
    sound = np.zeros(3 * RATE, dtype=np.float32)
    sound[:RATE] = np.random.default_rng(0).standard_normal(RATE)
    heard = rooms.reverberate(sound, rooms.impulse_response(rooms.HALL, np.random.default_rng(0)))
    assert np.std(heard[RATE + 800 : 2 * RATE]) > 0.05


def test_the_same_luck_gives_the_same_room() -> None:
    one, other = (rooms.impulse_response(rooms.THEATRE, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
