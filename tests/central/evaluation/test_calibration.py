"""Calibration: evidence from windows whose truth is known, thresholds from what chance reaches."""

from dataclasses import replace

import numpy as np
import pytest

from central.evaluation.calibration import (
    FALSE_CANDIDATES_AN_HOUR,
    FALSE_PLAYS_AN_HOUR,
    Chance,
    Windows,
    fit,
    tail,
    together,
    with_thresholds,
)
from device.errors import Refused
from device.match.evidence import of_windows

MODEL = "ab" * 32


def windows(count: int = 4000) -> Windows:
    """Windows whose odds are known: both kinds normal, with one spread, around means 0.7 and 0.4."""
    rng = np.random.default_rng(3)
    true = np.arange(count) % 4 == 0  # three wrong ones for each true one
    similarity = rng.normal(np.where(true, 0.7, 0.4), 0.1)
    beside, density = (rng.normal(0.4, 0.05, count) for _ in range(2))
    return Windows(*(one.astype(np.float32) for one in (similarity, beside, density)), true)


def odds(similarity: float, beside: float = 0.4, density: float = 0.4) -> float:
    """What the fitted calibration says of one window."""
    one = (np.array([figure], dtype=np.float32) for figure in (similarity, beside, density))
    return float(of_windows(*one, fit(windows(), MODEL), 1.0)[0])


def test_the_evidence_is_the_odds_whatever_the_numbers_of_true_and_wrong_windows() -> None:
    # For two normal distributions of one spread the log of the odds is (m1 - m0) / s^2 * (x - (m0 + m1) / 2).
    for similarity in (0.5, 0.55, 0.6):
        assert odds(similarity) == pytest.approx(30.0 * (similarity - 0.55), abs=0.35)


def test_what_says_nothing_weighs_next_to_nothing() -> None:
    assert odds(0.6, beside=0.45) == pytest.approx(odds(0.6), abs=0.3)
    assert odds(0.6, density=0.45) == pytest.approx(odds(0.6), abs=0.3)


def test_a_line_that_is_as_alike_beside_it_is_less_believed_where_wrong_ones_were_so() -> None:
    some = windows()
    steady = replace(some, beside=np.where(some.true, some.beside, some.similarity - 0.05).astype(np.float32))
    fitted = fit(steady, MODEL)
    alike, sharp, level = (np.array([figure], dtype=np.float32) for figure in (0.6, 0.4, 0.55))
    assert of_windows(alike, sharp, sharp, fitted, 1.0) > of_windows(alike, level, sharp, fitted, 1.0)


@pytest.mark.parametrize("true", [True, False], ids=["right ones only", "wrong ones only"])
def test_windows_of_one_kind_teach_nothing_and_are_refused(true: bool) -> None:
    some = windows(8)
    with pytest.raises(Refused, match="lie right, or none that lie wrong"):
        together([replace(some, true=np.full(8, true))])


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


def test_where_no_score_passes_the_onset_no_thresholds_are_set() -> None:
    few = tail([0.4, 1.05, 1.05, 1.05], hours=0.02)
    with pytest.raises(Refused, match=r"0\.02 hours") as refused:
        with_thresholds(fit(windows(), MODEL), few)
    assert refused.value.code == "unknown-sound-too-short"
