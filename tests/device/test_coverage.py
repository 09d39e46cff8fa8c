"""Coverage: what could be heard and what could not, as a fact."""

import numpy as np
import pytest

from device.coverage import CoverageCount
from device.match.match import Match
from device.play import Play, Span, Status
from device.sound.segments import Segment


def segment(position: float, amplitude: float) -> Segment:
    return Segment(np.full(16000, amplitude, dtype=np.float32), position)


def playing(status: Status, end: float) -> tuple[Play, ...]:
    match = Match(1, 0.0, end, 0.0, 1.0, 20.0, 4, 4, None)
    return (Play(1, status, (Span(0.0, end),), 0.0, match),)


def test_seconds_that_arrived_were_silent_or_missing_are_told_apart() -> None:
    count = CoverageCount(period=900.0)
    for second in range(10):
        count.arrive(1.0, lost=0.25 if second == 3 else 0.0)
        count.hear(segment(second, 0.0 if second < 4 else 0.1), 1.0, ())
    count.arrive(1.0, lost=60.0)
    told = count.finish(71.25)
    assert (told.listened, told.silent, told.lost, told.deaf) == (11.0, 4.0, 0.25, 60.0)
    assert told.identified == 0.0


def test_only_what_is_sure_counts_as_identified_and_only_while_it_sounds() -> None:
    count = CoverageCount(period=900.0)
    count.hear(segment(1.0, 0.1), 0.5, playing(Status.IDENTIFIED, end=5.0))
    count.hear(segment(2.0, 0.1), 0.5, playing(Status.CANDIDATE, end=5.0))
    count.hear(segment(9.0, 0.1), 0.5, playing(Status.IDENTIFIED, end=5.0))
    assert count.finish(10.0).identified == 0.5


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
    count.arrive(10.0)
    assert count.due(9.9) is None
    first = count.due(10.0)
    assert first is not None
    assert (first.start, first.end, first.listened) == (0.0, 10.0, 10.0)
    second = count.finish(12.0)
    assert (second.start, second.end, second.listened) == (10.0, 12.0, 0.0)
