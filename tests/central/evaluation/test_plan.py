"""The plan: the same questions for the same seed, and more of them without other ones."""

import numpy as np

from central.evaluation import plan
from central.evaluation.conditions import PAST, PROTOCOL, RATE
from central.evaluation.plan import Wanted, clips

LENGTHS = [60 * RATE] * 7


def wanted(each: int, samples: list[int] = LENGTHS, seed: int = 1) -> set[Wanted]:
    planned = clips(samples, PROTOCOL[:5], each, 15.0, known=True, seed=seed)
    return {one for some in planned.values() for one in some}


def test_more_clips_are_the_same_ones_and_others_besides() -> None:
    assert wanted(4) < wanted(9)
    assert len(wanted(9)) == 5 * 9


def test_every_track_is_asked_before_one_is_asked_twice() -> None:
    planned = clips(LENGTHS, PROTOCOL[:1], 7, 15.0, known=True, seed=3)
    assert {track: len(some) for track, some in planned.items()} == dict.fromkeys(range(7), 1)


def test_a_track_too_short_for_the_longest_clip_is_left_out() -> None:
    short = round((PAST + 15.0) * RATE)
    assert {one.track for one in wanted(9, [short, *LENGTHS])} == set(range(1, 8))


def test_a_clip_has_its_own_luck() -> None:
    one, other = sorted(wanted(2), key=lambda clip: clip.key)[:2]
    assert one.rng(1).random() == one.rng(1).random()
    assert len({one.rng(1).random(), one.rng(2).random(), other.rng(1).random()}) == 3


def test_the_protocol_has_every_room_with_every_noise_once() -> None:
    names = [condition.name for condition in PROTOCOL]
    assert len(names) == len(set(names)) == 4 * 7 + 8
    assert {condition.speed for condition in PROTOCOL} == {0.96, 0.99, 1.0, 1.01, 1.04}


def test_stretches_fill_the_hours_asked_for() -> None:
    assert len(plan.stretches(20.0)) * plan.STRETCH == 20 * 3600
    assert plan.stretches(0.0) == []
    assert np.all(np.diff(plan.stretches(1.0)) == 1)
