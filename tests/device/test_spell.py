"""A trouble that comes and goes is told whole, and does not fill the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.spell import SETTLES, SETTLES_AT_MOST, Begun, Ended, Spell

News = list[Begun | Ended]


def noted(spell: Spell, stretches: list[tuple[bool, float]], at: float = 100.0) -> tuple[News, float]:
    """Note stretches that follow each other; give what was told, and when it is then."""
    told: News = []
    for there, seconds in stretches:
        # As blocks and absences come: in pieces.
        pieces = max(1, round(seconds))
        for _ in range(pieces):
            news = spell.note(there, at, at + seconds / pieces)
            told += [news] if news else []
            at += seconds / pieces
    return told, at


def test_one_that_comes_and_goes_is_told_twice_and_at_once() -> None:
    told, _ = noted(Spell(100.0), [(False, 60), (True, 30), (False, 1)])
    assert told == [Begun(160.0), Ended(190.0, pytest.approx(30.0), 1)]


def test_one_that_is_there_from_the_start_began_then() -> None:
    told, _ = noted(Spell(100.0), [(True, 5)])
    assert told == [Begun(100.0)]


def test_what_lies_between_the_last_sound_and_the_first_word_of_its_loss_counts() -> None:
    spell = Spell(0.0)
    spell.note(False, 0.0, 10.0)
    spell.note(True, 15.0, 15.0)  # the card was silent for five seconds before it was given up
    spell.note(True, 16.0, 16.0)
    ended = spell.note(False, 17.5, 17.6)
    assert ended == Ended(17.5, pytest.approx(7.5), 1)


def test_after_a_told_end_the_next_has_to_last() -> None:
    spell = Spell(100.0)
    told, at = noted(spell, [(True, 2), (False, 5), (True, 2), (False, SETTLES - 1)])
    assert [type(news) for news in told] == [Begun, Ended, Begun]
    told, _ = noted(spell, [(True, 3), (False, SETTLES + 2)], at)
    assert told == [Ended(pytest.approx(at + 3), pytest.approx(5.0), 2)]


def test_a_plug_that_flaps_for_an_hour_makes_a_score_of_events_and_no_second_is_missing() -> None:
    for away, back in ((1.0, 4.0), (2.0, 12.0), (2.0, 45.0), (3.0, 400.0)):
        spell, told, at, times = Spell(100.0), [], 100.0, 0
        while at < 100.0 + 3600.0:
            news, at = noted(spell, [(True, away), (False, back)], at)
            told, times = told + news, times + 1
        news, at = noted(spell, [(False, SETTLES_AT_MOST)], at)
        told += news
        ends = [news for news in told if isinstance(news, Ended)]
        assert len(told) <= 20
        assert not spell.under_way
        assert sum(end.times for end in ends) == times
        assert sum(end.seconds for end in ends) == pytest.approx(times * away)


def test_after_a_quiet_hour_an_end_is_believed_at_once_again() -> None:
    spell = Spell(100.0)
    _, at = noted(spell, [(True, 2), (False, 4000)])
    told, _ = noted(spell, [(True, 2), (False, 1)], at)
    assert [type(news) for news in told] == [Begun, Ended]


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 300.0)), max_size=40))
def test_begins_and_ends_take_turns_and_every_second_is_told(stretches: list[tuple[bool, float]]) -> None:
    spell = Spell(100.0)
    told, _ = noted(spell, [*stretches, (False, SETTLES_AT_MOST + 1)])
    assert [type(news) for news in told] == [Begun, Ended] * (len(told) // 2)
    counted = sum(news.seconds for news in told if isinstance(news, Ended))
    assert counted == pytest.approx(sum(seconds for there, seconds in stretches if there))
