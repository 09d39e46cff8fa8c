"""Evidence: how windows add up, and which stretch of a line says most."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.match.calibration import Calibration
from device.match.evidence import best_stretches, of_windows

CALIBRATION = Calibration(
    model="0" * 64,
    bias=-4.0,
    similarity=12.0,
    density=-5.0,
    floor=-2.0,
    ceiling=5.0,
    accept=8.0,
    candidate=4.0,
)
WEIGHTS = st.lists(st.integers(-8, 8), min_size=1, max_size=24)


@given(WEIGHTS)
def test_the_best_stretch_is_the_one_that_trying_all_would_find(weights: list[int]) -> None:
    evidence = np.array([weights], dtype=np.float32)
    found = best_stretches(evidence)
    sums = [sum(weights[i : j + 1]) for i in range(len(weights)) for j in range(i, len(weights))]
    assert found.score[0] == max(0, *sums)
    if found.score[0] > 0:
        assert sum(weights[found.first[0] : found.last[0] + 1]) == found.score[0]


@given(st.lists(WEIGHTS, min_size=2, max_size=5))
def test_lines_do_not_see_each_other(lines: list[list[int]]) -> None:
    length = min(map(len, lines))
    together = best_stretches(np.array([line[:length] for line in lines], dtype=np.float32))
    for number, line in enumerate(lines):
        alone = best_stretches(np.array([line[:length]], dtype=np.float32))
        assert alone.score[0] == together.score[number]


def test_the_same_similarity_says_less_where_everything_is_alike() -> None:
    similarity = np.array([0.7, 0.7], dtype=np.float32)
    lonely, crowded = of_windows(similarity, np.array([0.2, 0.6], dtype=np.float32), CALIBRATION, 1.0)
    assert lonely > crowded


def test_one_window_can_neither_make_nor_break_a_match_alone() -> None:
    extremes = np.array([-1.0, 1.0], dtype=np.float32)
    assert of_windows(extremes, np.zeros(2, np.float32), CALIBRATION, 1.0).tolist() == [-2.0, 5.0]


def test_a_window_beside_the_reference_speaks_against_it() -> None:
    assert of_windows(np.array([np.nan]), np.zeros(1, np.float32), CALIBRATION, 0.25).tolist() == [-0.5]
