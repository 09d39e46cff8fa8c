"""The gate's thresholds: errors are equal, unless one kind of sound would be taken for what it is not too often."""

import numpy as np
import pytest

from central.training.gate_thresholds import threshold

COUNT = 12_000


def said(sounds: np.ndarray) -> np.ndarray:
    """Logits of two normal distributions two deviations apart."""
    rng = np.random.default_rng(1)
    return np.where(sounds, rng.normal(2.0, 1.0, len(sounds)), rng.normal(0.0, 1.0, len(sounds))).astype(
        np.float32
    )


def test_the_threshold_is_where_as_much_is_missed_as_is_wrongly_said() -> None:
    sounds = np.arange(COUNT) % 2 == 1
    set_at = threshold(said(sounds), sounds, np.where(sounds, "music", "voice"), largest_wrong=0.2)
    # The two cross in the middle, where 15.9 % of each lie beyond.
    assert set_at.logit == pytest.approx(1.0, abs=0.1)
    assert set_at.probability == pytest.approx(1 / (1 + np.exp(-1.0)), abs=0.02)
    assert set_at.missed == pytest.approx(set_at.wrong["voice"], abs=0.002)
    assert set_at.missed == pytest.approx(0.159, abs=0.015)


def test_no_kind_is_wrongly_said_to_be_it_more_often_than_allowed() -> None:
    sounds = np.arange(COUNT) % 2 == 1
    kinds = np.where(sounds, "music", np.where(np.arange(COUNT) % 8 == 0, "babble", "applause"))
    logits = said(sounds)
    logits[kinds == "applause"] -= 3.0
    set_at = threshold(logits, sounds, kinds, largest_wrong=0.05)
    # 5 % of a normal distribution lie beyond 1.645 deviations; only the babble's decide.
    assert set_at.logit == pytest.approx(1.645, abs=0.1)
    assert 0.045 < set_at.wrong["babble"] <= 0.05
    assert set_at.wrong["applause"] < 0.001
    assert set_at.missed == pytest.approx(0.361, abs=0.02)
