"""Unknown music: what is told of it, and what never is."""

from itertools import pairwise

import numpy as np
import pytest

from device.embedding import dequantise
from device.gate import Heard
from device.match.match import Match
from device.unidentified import GAP, LEAST, LONGEST, Stretch, Unidentified

HOP, WINDOW, CANDIDATE = 0.5, 2.0, 4.0
MUSIC = Heard(0.99, 0.02, 0.5, 0.5)
SPEECH = Heard(0.1, 0.9, 0.5, 0.5)
SONG_AND_SPEECH = Heard(0.99, 0.9, 0.5, 0.5)
PERHAPS = Heard(0.7, 0.02, 0.5, 0.5)
NOTHING = Heard(0.01, 0.01, 0.5, 0.5)


def vector(position: float) -> np.ndarray:
    random = np.random.default_rng(round(position * 10))
    made = random.standard_normal(16).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made), dtype=np.float32)


def match(start: float, end: float, score: float) -> Match:
    return Match(1, start, end, 0.0, 1.0, score, 4, 4, 2, None)


def hear(*parts: tuple[float, Heard], matches: dict[float, list[Match]] | None = None) -> list[Stretch]:
    """Hear what sounds for so many seconds each, one after the other."""
    unidentified = Unidentified(HOP, WINDOW, CANDIDATE)
    told: list[Stretch] = []
    position = 0.0
    for seconds, sounds in parts:
        for _ in range(round(seconds / HOP)):
            unidentified.hear(position, vector(position), sounds, (matches or {}).get(position, []))
            told += unidentified.go_by(position)
            position += HOP
    return told + unidentified.finish()


def test_unknown_music_is_told_with_one_embedding_a_second() -> None:
    (stretch,) = hear((10, NOTHING), (30, MUSIC), (60, NOTHING))
    assert (stretch.start, stretch.end, stretch.heard, stretch.hop) == (10.0, 39.5 + WINDOW, 30.0, 1.0)
    assert stretch.embeddings.shape == (30, 16)
    for second in range(30):
        assert dequantise(stretch.embeddings[second]) @ vector(10.0 + second) > 0.99


@pytest.mark.parametrize("sounds", [SPEECH, NOTHING, PERHAPS, SONG_AND_SPEECH])
def test_what_is_not_surely_music_alone_is_not_told(sounds: Heard) -> None:
    assert hear((60, sounds)) == []


def test_a_few_bars_are_not_told() -> None:
    assert hear((10, NOTHING), (LEAST - HOP, MUSIC), (60, NOTHING)) == []


def test_no_moment_in_which_somebody_spoke_is_in_any_embedding_that_is_told() -> None:
    (stretch,) = hear((20, MUSIC), (0.5, SONG_AND_SPEECH), (20, MUSIC), (40, NOTHING))
    told = stretch.start + np.flatnonzero(stretch.embeddings.any(axis=1))
    # The window of 20.0 holds 20.0 to 22.0; others start before 18.0 or after 22.0 if they share nothing with it.
    assert all(second <= 18.0 or second >= 22.0 for second in told)
    assert {17.0, 23.0} <= set(told.tolist())
    assert stretch.heard == pytest.approx(40.5 - 7 * HOP)


def test_what_a_match_lies_on_is_not_told_though_it_comes_later() -> None:
    weak = {40.0: [match(25.0, 40.0, 0.5 * CANDIDATE)]}
    (stretch,) = hear((25, MUSIC), (17, MUSIC), (60, NOTHING), matches=weak)
    assert stretch.end <= 25.5
    nearly_nothing = {40.0: [match(25.0, 40.0, 0.4 * CANDIDATE)]}
    (stretch,) = hear((25, MUSIC), (17, MUSIC), (60, NOTHING), matches=nearly_nothing)
    assert stretch.end == 41.5 + WINDOW


def test_a_pause_ends_a_stretch_and_a_short_one_does_not() -> None:
    assert len(hear((20, MUSIC), (GAP - 2 * HOP, NOTHING), (20, MUSIC))) == 1
    assert len(hear((20, MUSIC), (GAP + HOP, NOTHING), (20, MUSIC))) == 2


def test_a_long_evening_of_it_is_told_in_parts_that_an_event_holds() -> None:
    told = hear((2.5 * LONGEST, MUSIC))
    assert len(told) == 3
    assert all(stretch.embeddings.nbytes * 128 / 16 <= 49_152 for stretch in told)
    assert all(later.start - former.end < WINDOW for former, later in pairwise(told))


def test_it_is_told_while_the_music_is_over_and_not_at_the_end_of_the_evening() -> None:
    unidentified = Unidentified(HOP, WINDOW, CANDIDATE)
    for number in range(60):
        unidentified.hear(number * HOP, vector(number * HOP), MUSIC, [])
        assert unidentified.go_by(number * HOP) == []
    assert unidentified.go_by(40.0) == []
    assert len(unidentified.go_by(60.0)) == 1
    assert unidentified.finish() == []
