"""What happens to music on an accelerator is what happens to it in numpy, sample for sample."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from central.training import fate
from central.training.degradation import degraded, responses
from central.training.fate import Chances, Fate
from central.training.hall import Fates, Hall
from central.training.passage import PASSAGE

COUNT = 48


@pytest.fixture(scope="module")
def rooms() -> list[np.ndarray]:
    return responses(np.random.default_rng(0), 5)


def given(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    passages = np.cumsum(rng.standard_normal((COUNT, PASSAGE.length)), axis=1)
    passages = (passages - passages.mean(axis=1, keepdims=True)) * rng.uniform(1e-4, 1.0, (COUNT, 1))
    beside = rng.standard_normal((COUNT, PASSAGE.length))
    beside /= np.sqrt(np.mean(np.square(beside), axis=1, keepdims=True))
    hiss = rng.standard_normal((COUNT, PASSAGE.window))
    return passages.astype(np.float32), beside.astype(np.float32), hiss.astype(np.float32)


def test_the_same_fate_gives_the_same_sound_in_numpy_and_in_torch(
    rooms: list[np.ndarray], device: torch.device
) -> None:
    rng = np.random.default_rng(2)
    fates = [fate.drawn(rng, replace(Chances(), clipping=0.5), len(rooms)) for _ in range(COUNT - 2)]
    fates += [Fate(), Fate(room=1, ratio=-8.0, faster=0.045, hiss=15.0, clipped=0.8, on_stage=True)]
    passages, beside, hiss = given(3)
    there = [torch.from_numpy(one).to(device) for one in (passages, beside, hiss)]
    heard = Hall(rooms, device).degrade(*there, Fates.of(fates, device)).cpu().numpy()
    for row, one in enumerate(fates):
        response = rooms[one.room] if one.room >= 0 else None
        exact = degraded(passages[row], beside[row], response, hiss[row], one)
        np.testing.assert_allclose(heard[row], exact, atol=2e-3 * np.std(exact), err_msg=str(one))


def test_fates_are_drawn_alike_in_numpy_and_in_torch(device: torch.device) -> None:
    count, rng, chances = 4000, np.random.default_rng(4), Chances()
    one_by_one = [fate.drawn(rng, chances, 7) for _ in range(count)]
    at_once = Fates.drawn(count, chances, 7, torch.Generator(device).manual_seed(5))
    for field in fields(Fates):
        drawn = getattr(at_once, field.name).double().flatten().cpu().numpy()
        exact = np.array([getattr(one, field.name) for one in one_by_one], dtype=np.float64).flatten()
        drawn, exact = np.sort(np.nan_to_num(drawn, posinf=99)), np.sort(np.nan_to_num(exact, posinf=99))
        # Kolmogorov and Smirnov: two samples of one distribution differ by more once in a hundred thousand times.
        both = np.concatenate([drawn, exact])
        apart = np.abs(
            np.searchsorted(drawn, both, "right") / len(drawn)
            - np.searchsorted(exact, both, "right") / len(exact)
        ).max()
        assert apart < 2.5 * np.sqrt(2 / count), field.name


def test_the_same_luck_gives_the_same_fates(device: torch.device) -> None:
    first, again, other = (
        Fates.drawn(20, Chances(), 7, torch.Generator(device).manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first.bends, again.bends)
    assert not torch.equal(first.bends, other.bends)
