"""Coverage: what could be heard and what could not, as a fact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import gate
from device.coverage import CoverageCount, Heard
from device.match.match import Match
from device.play import Play, Status
from device.sound.segments import Segment
from device.span import Span


def segment(position: float, amplitude: float) -> Segment:
    return Segment(np.full(16000, amplitude, dtype=np.float32), position)


def playing(status: Status, end: float) -> tuple[Play, ...]:
    match = Match(1, 0.0, end, 0.0, 1.0, 20.0, 4, 4, 2, None)
    return (Play(1, status, (Span(0.0, end),), 0.0, match),)


def test_seconds_that_arrived_were_silent_or_missing_are_told_apart() -> None:
    count = CoverageCount(period=900.0)
    at = 0.0
    for second in range(10):
        at += 1.25 if second == 3 else 1.0
        count.arrive(at, 1.0)
        count.hear(segment(second, 0.0 if second < 4 else 0.1), 1.0, ())
    count.arrive(at + 61.0, 1.0)
    told = count.finish(71.25)
    assert (told.listened, told.silent, told.lost, told.deaf) == (11.0, 4.0, 0.25, 60.0)
    assert (told.identified, told.muted, told.covered) == (0.0, 0.0, None)


def test_time_without_a_microphone_is_deaf_and_counted_once() -> None:
    count = CoverageCount(period=900.0)
    count.arrive(10.0, 10.0)
    for second in range(11, 31):
        count.away(float(second))
    count.arrive(31.5, 1.0)  # half a second passed between the last word of its absence and the first sound
    told = count.finish(31.5)
    assert (told.listened, told.deaf, told.lost) == (11.0, 20.0, 0.5)


def test_muted_time_is_neither_heard_nor_deaf_with_or_without_a_microphone() -> None:
    count = CoverageCount(period=900.0)
    count.arrive(10.0, 10.0, Heard.MUTED)
    count.away(15.0, muted=True)
    count.arrive(16.0, 1.0)
    told = count.finish(16.0)
    assert (told.muted, told.listened, told.deaf) == (15.0, 1.0, 0.0)


def test_what_a_deaf_microphone_gives_is_not_silence_in_the_hall() -> None:
    count = CoverageCount(period=900.0)
    count.arrive(10.0, 10.0, Heard.DEAF)
    count.hear(segment(8.0, 0.0), 0.5, ())
    told = count.finish(10.0)
    assert (told.deaf, told.listened, told.silent) == (10.0, 0.0, 0.0)


@pytest.mark.parametrize(("tells", "covered"), [(True, 4.0), (False, None)])
def test_covered_seconds_are_listened_to_and_named_only_if_a_cover_would_be_noticed(
    tells: bool, covered: float | None
) -> None:
    count = CoverageCount(period=900.0, tells_covered=tells)
    count.arrive(6.0, 6.0)
    count.arrive(10.0, 4.0, Heard.COVERED if tells else Heard.WELL)
    told = count.finish(10.0)
    assert (told.listened, told.covered) == (10.0, covered)


STRETCH = st.tuples(st.sampled_from([*Heard, None]), st.floats(0.0, 20.0), st.floats(0.01, 5.0))


@given(st.lists(STRETCH, max_size=60))
def test_each_second_is_listened_lost_deaf_or_muted(
    stretches: list[tuple[Heard | None, float, float]],
) -> None:
    count, at = CoverageCount(period=900.0), 0.0
    for heard, gap, seconds in stretches:
        at += gap + seconds
        if heard is None:
            count.away(at)
        else:
            count.arrive(at, seconds, heard)
    told = count.finish(at)
    assert told.listened + told.lost + told.deaf + told.muted == pytest.approx(at)


def test_an_account_so_far_changes_nothing() -> None:
    count = CoverageCount(period=900.0)
    count.arrive(5.0, 5.0)
    assert count.so_far(5.0) == count.so_far(5.0) == count.finish(5.0)


def test_only_what_is_sure_counts_as_identified_and_only_while_it_sounds() -> None:
    count = CoverageCount(period=900.0)
    count.hear(segment(1.0, 0.1), 0.5, playing(Status.IDENTIFIED, end=5.0))
    count.hear(segment(2.0, 0.1), 0.5, playing(Status.CANDIDATE, end=5.0))
    count.hear(segment(9.0, 0.1), 0.5, playing(Status.IDENTIFIED, end=5.0))
    assert count.finish(10.0).identified == 0.5


def test_music_and_speech_are_counted_apart_and_only_where_the_gate_was_asked() -> None:
    count = CoverageCount(period=900.0, tells_music=True)
    for position, (music, speech) in enumerate([(0.9, 0.1), (0.8, 0.7), (0.2, 0.9), (0.1, 0.1)]):
        count.hear(
            segment(position, 0.1), 0.5, (), gate.Heard(music, speech, music_from=0.6, speech_from=0.5)
        )
    count.hear(segment(9.0, 0.0), 0.5, ())
    told = count.finish(10.0)
    assert (told.music, told.speech) == (1.0, 1.0)


def test_without_a_gate_nobody_says_how_much_was_music() -> None:
    count = CoverageCount(period=900.0)
    count.hear(segment(1.0, 0.1), 0.5, ())
    told = count.finish(10.0)
    assert (told.music, told.speech) == (None, None)


def test_a_period_in_which_nothing_arrived_has_no_level() -> None:
    assert CoverageCount(period=900.0).finish(900.0).level is None


def test_levels_are_told_as_percentiles() -> None:
    count = CoverageCount(period=900.0)
    for amplitude in (0.001, 0.1, 1.0):
        count.hear(segment(0.0, amplitude), 0.5, ())
    level = count.finish(900.0).level
    assert level is not None
    assert (level.p10, level.p50, level.p90) == pytest.approx((-52.0, -20.0, -4.0), abs=0.1)


def test_each_period_is_counted_afresh() -> None:
    count = CoverageCount(period=10.0)
    count.arrive(10.0, 10.0)
    assert count.due(9.9) is None
    first = count.due(10.0)
    assert first is not None
    assert (first.start, first.end, first.listened) == (0.0, 10.0, 10.0)
    second = count.finish(12.0)
    assert (second.start, second.end, second.listened) == (10.0, 12.0, 0.0)
