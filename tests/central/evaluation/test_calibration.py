"""Calibration: evidence from windows whose truth is known, thresholds from what chance reaches."""

import numpy as np
import pytest

from central.evaluation.calibration import (
    FALSE_CANDIDATES_AN_HOUR,
    FALSE_PLAYS_AN_HOUR,
    Chance,
    Windows,
    fit,
    with_thresholds,
)
from device.match.evidence import of_windows

MODEL = "ab" * 32


def windows(count: int = 4000) -> Windows:
    """Windows whose odds are known: both kinds normal, with one spread, around means 0.7 and 0.4."""
    rng = np.random.default_rng(3)
    true = np.arange(count) % 4 == 0  # three wrong ones for each true one
    similarity = rng.normal(np.where(true, 0.7, 0.4), 0.1)
    density = rng.normal(0.4, 0.05, count)
    return Windows(similarity.astype(np.float32), density.astype(np.float32), true)


def test_the_evidence_is_the_odds_whatever_the_numbers_of_true_and_wrong_windows() -> None:
    fitted = fit(windows(), MODEL)
    # For two normal distributions of one spread the log of the odds is (m1 - m0) / s^2 * (x - (m0 + m1) / 2).
    assert fitted.similarity == pytest.approx(30.0, rel=0.15)
    between = np.array([0.55], dtype=np.float32)
    even = of_windows(between, np.array([0.4], dtype=np.float32), fitted, 1.0)
    assert even[0] == pytest.approx(0.0, abs=0.3)


def test_a_density_that_says_nothing_weighs_next_to_nothing() -> None:
    fitted = fit(windows(), MODEL)
    assert abs(fitted.density) < 0.15 * fitted.similarity


CHANCE = Chance(hours=10.0, highest=2.0, onset=1.0, slope=0.3, rate=24.0)


def test_the_tail_is_followed_to_rates_that_were_not_seen() -> None:
    assert CHANCE.score_at(24.0) == pytest.approx(1.0)
    assert CHANCE.score_at(24.0 / np.e) == pytest.approx(1.3)


def test_thresholds_stand_where_chance_meets_the_rates_wanted() -> None:
    calibrated = with_thresholds(fit(windows(), MODEL), CHANCE)
    assert calibrated.accept == pytest.approx(CHANCE.score_at(FALSE_PLAYS_AN_HOUR), abs=1e-3)
    assert calibrated.candidate == pytest.approx(CHANCE.score_at(FALSE_CANDIDATES_AN_HOUR), abs=1e-3)
    assert calibrated.candidate < calibrated.accept


def test_no_play_is_accepted_at_a_score_that_chance_was_seen_to_reach() -> None:
    lucky = Chance(hours=10.0, highest=9.0, onset=1.0, slope=0.3, rate=24.0)
    assert with_thresholds(fit(windows(), MODEL), lucky).accept > lucky.highest
