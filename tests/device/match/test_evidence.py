"""Evidence: how windows add up, and which stretch of a line says most."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.match.calibration import WEIGHTS, Calibration
from device.match.evidence import LEAST_NEWS, SURE, SURER, best_stretches, discounted, news, of_windows, terms

CALIBRATION = Calibration(
    model="0" * 64,
    bias=-4.0,
    similarity=12.0,
    beside=-3.0,
    density=-5.0,
    similarity_squared=0.0,
    beside_squared=0.0,
    similarity_by_beside=0.0,
    floor=-2.0,
    ceiling=5.0,
    accept=8.0,
    candidate=4.0,
)
SUMS = st.lists(st.integers(-8, 8), min_size=1, max_size=24)


@given(SUMS)
def test_the_best_stretch_is_the_one_that_trying_all_would_find(weights: list[int]) -> None:
    evidence = np.array([weights], dtype=np.float32)
    found = best_stretches(evidence)
    sums = [sum(weights[i : j + 1]) for i in range(len(weights)) for j in range(i, len(weights))]
    assert found.score[0] == max(0, *sums)
    if found.score[0] > 0:
        assert sum(weights[found.first[0] : found.last[0] + 1]) == found.score[0]


@given(st.lists(SUMS, min_size=2, max_size=5))
def test_lines_do_not_see_each_other(lines: list[list[int]]) -> None:
    length = min(map(len, lines))
    together = best_stretches(np.array([line[:length] for line in lines], dtype=np.float32))
    for number, line in enumerate(lines):
        alone = best_stretches(np.array([line[:length]], dtype=np.float32))
        assert alone.score[0] == together.score[number]


def said(similarity: float, beside: float = 0.0, density: float = 0.0, new_sound: float = 1.0) -> float:
    one = (np.array([figure], dtype=np.float32) for figure in (similarity, beside, density))
    return float(of_windows(*one, CALIBRATION, new_sound)[0])


def test_the_same_similarity_says_less_where_everything_is_alike() -> None:
    assert said(0.7, density=0.2) > said(0.7, density=0.6)


def test_the_same_similarity_says_less_where_the_recording_is_as_alike_beside_the_line() -> None:
    assert said(0.7, beside=0.2) > said(0.7, beside=0.7)


def test_the_weights_stand_for_the_terms_in_their_order() -> None:
    figures = (np.array([figure], dtype=np.float32) for figure in (0.5, 0.3, 0.2))
    assert terms(*figures)[0].tolist() == pytest.approx([0.5, 0.3, 0.2, 0.25, 0.09, 0.15])
    assert WEIGHTS[3:] == ("similarity_squared", "beside_squared", "similarity_by_beside")


def test_what_points_the_other_way_is_as_wrong_as_chance_and_no_square_makes_it_right() -> None:
    squared = replace(CALIBRATION, similarity_squared=20.0)
    away, level = (np.array([figure], dtype=np.float32) for figure in (-0.9, 0.0))
    assert of_windows(away, level, level, squared, 1.0) == of_windows(level, level, level, squared, 1.0)


def test_one_window_can_neither_make_nor_break_a_match_alone() -> None:
    assert said(-1.0) == -2.0
    assert said(1.0) == 5.0 + SURER * (5.0 - SURE)


def test_a_window_counts_by_its_odds_and_more_where_it_is_sure() -> None:
    assert said(0.5) == pytest.approx(-4.0 + 12.0 * 0.5)  # below `SURE`
    assert said(0.7) == pytest.approx(4.4 + SURER * (4.4 - SURE))
    assert said(0.7) - said(0.65) > said(0.55) - said(0.5)


def test_a_window_beside_the_reference_speaks_against_it() -> None:
    assert said(float("nan"), new_sound=0.25) == -0.5


def test_a_held_tone_brings_news_once_and_a_melody_all_the_time() -> None:
    steady = np.tile(np.eye(1, 8, dtype=np.float32), (12, 1))
    moving = np.tile(np.eye(8, dtype=np.float32), (2, 1))[:12]
    assert news(steady, 4)[:4].tolist() == [1, 1, 1, 1]
    assert news(steady, 4)[4:].tolist() == pytest.approx([LEAST_NEWS] * 8)
    assert news(moving, 4).tolist() == [1] * 12
    assert news(steady[:3], 4).tolist() == [1, 1, 1]


def test_what_is_known_already_counts_less_for_a_line_and_as_much_against_it() -> None:
    found = discounted(np.array([[2.0, -2.0]], np.float32), np.array([0.5, 0.5], np.float32))
    assert found.tolist() == [[1.0, -2.0]]
