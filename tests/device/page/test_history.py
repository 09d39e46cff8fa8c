"""What was heard in a stretch of time."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from device.page import month, stretch
from device.page.history import History
from device.page.stretch import Stretch
from device.record.log_reader import LogReader
from device.record.reports import CorrectedEvents, CorrectionReport, IncidentReport
from tests.device.page.house import NOW, House, coverage, play

Make = Callable[..., House]
HOUR = timedelta(hours=1)
THEN = Stretch(NOW - 5 * HOUR, NOW - 2 * HOUR)


@contextmanager
def history(house: House) -> Iterator[History]:
    with LogReader.read(house.log) as log:
        yield History(log)


def test_a_play_belongs_where_it_began(small: Make) -> None:
    starts = [
        THEN.start - timedelta(seconds=1),
        THEN.start,
        THEN.end - timedelta(seconds=1),
        THEN.end,
    ]
    with history(small([(start + 10 * HOUR, play(0, start, 30_000.0)) for start in starts])) as read:
        assert [entry.told.start for entry in read.plays(THEN)] == starts[1:3]


def test_plays_come_in_the_order_in_which_they_began(small: Make) -> None:
    long, short = play(0, THEN.start, 5_000.0), play(1, THEN.start + HOUR, 60.0)
    with history(small([(short.end, short), (long.end, long)])) as read:
        assert [entry.seq for entry in read.plays(THEN)] == [2, 1]


def test_a_period_that_only_touches_a_stretch_is_not_in_it(small: Make) -> None:
    starts = [THEN.start - HOUR, THEN.start - HOUR / 2, THEN.end - HOUR / 2, THEN.end]
    with history(small([(start + HOUR, coverage(start)) for start in starts])) as read:
        assert [entry.told.start for entry in read.coverage(THEN)] == starts[1:3]


def test_times_are_shown_as_a_later_event_corrects_them(small: Make) -> None:
    """The clock was two days behind; the play is told where it was, and nowhere else."""
    wrong = timedelta(days=2)
    heard = play(0, THEN.start - wrong)
    told = [
        (heard.end - timedelta(days=1), play(1, heard.start - timedelta(days=1))),
        (heard.end, heard),
        (NOW, CorrectionReport(CorrectedEvents(2, 2), int(wrong.total_seconds() * 1000), "It was behind.")),
    ]
    with history(small(told)) as read:
        assert [(entry.seq, entry.told.start) for entry in read.plays(THEN)] == [(2, THEN.start)]
        assert read.plays(Stretch(THEN.start - wrong, THEN.end - wrong)) == []
        last = read.last_play()
        assert last
        assert last.told.start == THEN.start


def test_of_two_corrections_the_later_one_counts(small: Make) -> None:
    told = [
        (NOW - 9 * HOUR, IncidentReport("muted", "It was muted.", {})),
        (NOW - 8 * HOUR, CorrectionReport(CorrectedEvents(1, 1), 3_600_000, "An hour.")),
        (NOW - 7 * HOUR, CorrectionReport(CorrectedEvents(1, 2), 7_200_000, "No, two.")),
    ]
    with history(small(told)) as read:
        (entry,) = read.incidents(Stretch(NOW - 24 * HOUR, NOW))
        assert entry.written == NOW - 7 * HOUR


def test_a_damaged_row_takes_no_other_along(small: Make) -> None:
    house = small([(NOW, play(number, THEN.start + number * timedelta(minutes=5))) for number in range(3)])
    with sqlite3.connect(house.log) as raw:
        raw.execute("DROP TRIGGER event_is_never_rewritten")
        raw.execute("UPDATE event SET jws = zeroblob(500) WHERE seq = 2")
    with history(house) as read:
        assert [entry.seq for entry in read.plays(THEN)] == [1, 3]


def test_a_month_is_found_by_the_index_and_not_by_reading_the_year(small: Make) -> None:
    house = small([(NOW, play(0, THEN.start))])
    with sqlite3.connect(house.log) as raw:
        (plan,) = raw.execute(
            "EXPLAIN QUERY PLAN SELECT seq, jws FROM event WHERE type = ? AND time >= ? AND time < ?",
            ("a", "b", "c"),
        )
    assert "event_by_time" in plan[3]


def test_a_log_from_before_the_index_is_read_all_the_same(small: Make) -> None:
    house = small([(NOW, play(0, THEN.start))])
    with sqlite3.connect(house.log) as raw:
        raw.execute("DROP INDEX event_by_time")
    with history(house) as read:
        assert len(read.plays(THEN)) == 1


@pytest.mark.parametrize(
    ("moment", "begun"),
    [(NOW, date(2026, 11, 23)), (NOW + 6 * HOUR, date(2026, 11, 23)), (NOW + 11 * HOUR, date(2026, 11, 24))],
)
def test_after_midnight_it_is_still_the_same_evening(moment: object, begun: date) -> None:
    assert stretch.local_date(stretch.evening(moment).start) == begun  # type: ignore[arg-type]


@pytest.mark.parametrize("of", [date(2026, 2, 14), date(2026, 11, 30), date(2026, 12, 1), date(2028, 2, 29)])
def test_months_follow_each_other_without_a_gap(of: date) -> None:
    here, after = stretch.month(of), stretch.month(stretch.next_month(of))
    assert here.end == after.start
    assert stretch.next_month(stretch.month_before(of)) == of.replace(day=1)


def test_a_month_adds_up(built: House) -> None:
    with history(built) as read:
        seen = month.read(read, date(2026, 11, 1))
        plays = read.plays(stretch.month(date(2026, 11, 1)))
    assert seen.plays + seen.unsure == len(plays)
    assert seen.plays == sum(entry.told.sure for entry in plays)
    assert len(seen.days) == 30
    assert seen.weeks[0] == [None] * 6 + [seen.days[0]]
    assert {len(week) for week in seen.weeks} == {7}
    by_day = {day.date.day: day for day in seen.days}
    assert round(by_day[12].unheard) == 2_900  # the hour without a microphone
    assert round(by_day[17].muted) == 3 * 3_600
    assert by_day[12].heard + by_day[12].unheard == pytest.approx(86_400, abs=1)
    assert by_day[6].heard == pytest.approx(7 * 3_600, abs=1)  # it was off until 17:00
    assert by_day[24].heard == by_day[24].plays == 0
    assert [count for _, count in seen.works] == sorted((count for _, count in seen.works), reverse=True)
