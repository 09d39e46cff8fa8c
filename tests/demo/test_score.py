"""The comparison of truth and account."""

from dataclasses import replace
from pathlib import Path

import pytest

from demo.account import Entry
from demo.evening import Kind, Scene
from demo.music import Piece
from demo.score import score


def piece(name: str) -> Piece:
    return Piece(name, name.title(), "", Path(f"{name}.ogg"))


WALTZ = Scene(Kind.KNOWN, seconds=30.0, level=-24.0, start=100.0, piece=piece("waltz"), piece_start=50.0)
JINGLE = Scene(Kind.KNOWN, seconds=8.0, level=-24.0, start=200.0, piece=piece("jingle"))
STRANGER = Scene(Kind.UNKNOWN, seconds=40.0, level=-24.0, start=300.0, piece=piece("stranger"))
SPEECH = Scene(Kind.SPEECH, seconds=20.0, level=-24.0, start=400.0, language="kk")
EVENING = (WALTZ, JINGLE, STRANGER, SPEECH)


def heard(recording: str, start: float, end: float, identified: bool = True) -> Entry:
    return Entry(recording, recording.title(), identified, start, end, start - 50.0, 9.0, 1)


WALTZ_HEARD, JINGLE_HEARD = heard("waltz", 102.0, 129.0), heard("jingle", 201.0, 207.0)


def test_everything_named_and_nothing_else_is_a_good_evening():
    result = score(EVENING, [JINGLE_HEARD, WALTZ_HEARD])
    assert (result.known, result.found, result.missed, result.false_plays) == (2, 2, (), ())
    assert result.good


def test_a_missed_piece_is_bad_if_it_sounded_for_fifteen_seconds():
    assert score(EVENING, [JINGLE_HEARD]).missed == (WALTZ,)
    assert not score(EVENING, [JINGLE_HEARD]).good
    assert score((replace(WALTZ, seconds=15.0),), []).good is False


def test_a_missed_piece_that_sounded_shortly_is_told_but_is_not_bad():
    result = score(EVENING, [WALTZ_HEARD])
    assert result.missed == (JINGLE,)
    assert result.good


def test_a_candidate_finds_nothing_and_is_not_false():
    result = score(
        EVENING, [heard("waltz", 102.0, 129.0, identified=False), heard("jingle", 310.0, 320.0, False)]
    )
    assert (result.found, result.false_plays) == (0, ())


@pytest.mark.parametrize("start", [10.0, 310.0, 410.0])
def test_a_known_recording_named_where_it_did_not_sound_is_a_false_play(start):
    false = heard("jingle", start, start + 10.0)
    result = score(EVENING, [WALTZ_HEARD, JINGLE_HEARD, false])
    assert result.false_plays == (false,)
    assert not result.good


def test_another_recording_named_while_one_sounds_is_a_false_play():
    false = heard("jingle", 105.0, 115.0)
    result = score(EVENING, [WALTZ_HEARD, false])
    assert result.found == 1
    assert result.false_plays == (false,)


def test_the_echo_of_a_piece_is_no_false_play_but_what_comes_later_is():
    echo, later = heard("waltz", 134.0, 136.0), heard("waltz", 136.0, 140.0)
    assert score(EVENING, [WALTZ_HEARD, echo]).false_plays == ()
    assert score(EVENING, [WALTZ_HEARD, later]).false_plays == (later,)


def test_a_piece_told_in_two_plays_is_found_once():
    first, second = heard("waltz", 102.0, 112.0), heard("waltz", 120.0, 129.0)
    result = score(EVENING, [second, first, JINGLE_HEARD])
    assert result.found == result.known == 2
    assert result.findings[0].plays == (first, second)
    assert result.findings[0].best == first
    assert result.findings[0].seconds_heard == pytest.approx(19.0)


def test_where_two_plays_of_a_piece_overlap_the_time_counts_once():
    whole, part = heard("waltz", 102.0, 129.0), heard("waltz", 120.0, 131.0)
    assert score((WALTZ,), [whole, part]).findings[0].seconds_heard == pytest.approx(29.0)


def test_a_wrong_position_in_the_piece_shows():
    right = replace(WALTZ_HEARD, reference_start=52.0)
    wrong = replace(WALTZ_HEARD, reference_start=60.0)
    assert score(EVENING, [right]).findings[0].seconds_off == pytest.approx(0.0)
    assert score(EVENING, [wrong]).findings[0].seconds_off == pytest.approx(8.0)
    assert score(EVENING, []).findings[0].seconds_off is None
