"""Pictures of time."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.page import picture
from device.page.history import Entry
from device.page.skim import Clock, Coverage, CoverageSeconds, Play, Recording
from device.page.stretch import Stretch
from tests.device.page.house import NOW

DAY = Stretch(NOW, NOW + timedelta(days=1))
HOUR = timedelta(hours=1)


def period(start: float, seconds: float, **spent: float) -> Entry[Coverage]:
    told = {"silent": 0.0, "lost": 0.0, "deaf": 0.0, "muted": 0.0} | spent
    listened = seconds - told["lost"] - told["deaf"] - told["muted"]
    begin = NOW + timedelta(seconds=start)
    return Entry(
        1,
        begin,
        Coverage(begin, begin + timedelta(seconds=seconds), CoverageSeconds(listened=listened, **told)),
    )


@given(
    st.lists(st.tuples(st.floats(-5_000, 90_000), st.floats(1, 50_000), st.floats(0, 1)), max_size=6),
    st.integers(1, 96),
)
def test_columns_hold_as_much_as_was_told_however_they_are_cut(
    periods: list[tuple[float, float, float]], count: int
) -> None:
    told = [period(start, length, deaf=length * deaf) for start, length, deaf in periods]
    drawn = picture.columns(told[:1], DAY, count)
    inside = sum(max(0.0, min(86_400, start + length) - max(0.0, start)) for start, length, _ in periods[:1])
    shown = (
        sum(column.heard + column.silent + column.unheard + column.muted for column in drawn) * 86_400 / count
    )
    assert shown == pytest.approx(inside, abs=0.01)
    for column in picture.columns(told, DAY, count):
        assert 0 <= column.heard <= 1
        assert 0 <= column.unheard <= 1


def test_silence_is_a_part_of_listening_and_is_not_counted_twice() -> None:
    (column,) = picture.columns([period(0, 86_400, silent=43_200)], DAY, 1)
    assert (column.heard, column.silent) == (0.5, 0.5)


def test_a_covered_microphone_did_not_hear() -> None:
    told = Coverage(NOW, DAY.end, CoverageSeconds(86_400, 0, 0, 0, 0, covered=21_600))
    (column,) = picture.columns([Entry(1, NOW, told)], DAY, 1)
    assert (column.heard, column.unheard) == (0.75, 0.25)


def test_nothing_told_is_an_empty_place_and_no_silence() -> None:
    assert all(column.empty for column in picture.columns([], DAY, 24))


def test_a_period_without_length_breaks_nothing() -> None:
    assert all(column.empty for column in picture.columns([period(10, 0)], DAY, 24))


def test_a_picture_shows_the_hours_in_which_something_was() -> None:
    shown = picture.around(DAY, [NOW + 5 * HOUR, NOW + 7 * HOUR])
    assert shown.start <= NOW + 5 * HOUR
    assert shown.end > NOW + 7 * HOUR
    assert timedelta(hours=4) <= shown.end - shown.start <= timedelta(hours=6)


def test_a_full_day_is_shown_whole() -> None:
    assert picture.around(DAY, [NOW + HOUR, NOW + 20 * HOUR]) == DAY
    assert picture.around(DAY, []) == DAY


def test_a_small_picture_draws_no_more_than_it_can_show() -> None:
    def heard(seconds: float, status: str) -> Entry[Play]:
        start = NOW + timedelta(seconds=seconds)
        recording = Recording("kz-1", None, "Адай", None)
        return Entry(1, NOW, Play(status, recording, (), start, start, 1.0, "", "", False, Clock("unknown")))

    every_minute = [
        heard(60.0 * minute, status) for minute in range(1_440) for status in ("identified", "candidate")
    ]
    drawn = picture.thinned(picture.bars(every_minute, DAY), 144)
    assert len(drawn) == 2 * 144
    assert sum(bar.entry.told.sure for bar in drawn) == 144
