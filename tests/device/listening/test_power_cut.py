"""The loop as a whole, cut off: what was under way is told once by whoever starts next, or goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from device.match.match import Match
from device.record.reports import CoverageReport, PlayReport
from device.sound.block import Arrival
from tests.device.listening.conftest import BOOT, EVENING, NEXT_BOOT, Box, Stream


class PowerCut(Exception):  # noqa: N818 - no error, an event
    """The end of everything, at any instant."""


@contextmanager
def power_cut() -> Iterator[None]:
    with pytest.raises(PowerCut):
        yield


def cut_off(box: Box) -> Iterator[Arrival]:
    yield from Stream(box).sound(150)
    raise PowerCut


def test_a_power_cut_takes_a_minute_of_a_play_and_not_the_whole(box: Box) -> None:
    with power_cut():
        box.hear(cut_off)
    assert box.events == []
    box.boot, box.monotonic = NEXT_BOOT, 20.0
    box.utc += timedelta(hours=9)
    box.hear(lambda box: Stream(box).quiet(10))
    (play,) = box.reports(PlayReport)
    assert play.start == EVENING
    assert 90.0 <= (play.end - EVENING).total_seconds() <= 150.0
    first = box.events[0]
    assert (first.stamp.boot, first.time) == (BOOT, play.end + (first.time - play.end))
    assert first.time - EVENING <= timedelta(seconds=150)
    before, after = box.reports(CoverageReport)
    assert 90.0 <= before.seconds.listened <= 150.0
    assert after.seconds.listened == 10.0


def test_a_play_that_had_just_begun_is_kept_within_seconds(box: Box) -> None:
    def short(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        yield from stream.quiet(20)
        yield from stream.sound(15)
        raise PowerCut

    with power_cut():
        box.hear(short)
    box.boot = NEXT_BOOT
    box.hear(lambda box: Stream(box).quiet(1))
    assert len(box.reports(PlayReport)) == 1


def test_a_second_power_cut_tells_nothing_twice(box: Box) -> None:
    with power_cut():
        box.hear(cut_off)
    kept = (box.folder / "under-way.json").read_bytes()
    box.boot, box.monotonic = NEXT_BOOT, 20.0
    box.utc += timedelta(hours=9)
    box.hear(lambda box: Stream(box).quiet(10))
    count = len(box.events)
    (box.folder / "under-way.json").write_bytes(kept)  # as if its removal had not reached the disk
    box.hear(lambda box: Stream(box).quiet(1))
    assert len(box.reports(PlayReport)) == 1
    assert len(box.reports(CoverageReport)) == 3
    assert len(box.events) == count + 1


def test_a_service_that_starts_anew_goes_on_with_the_play_under_way(box: Box) -> None:
    with power_cut():
        box.hear(cut_off)
    box.pass_on(8.0)

    def evening(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        box.matcher.hear = lambda at, _: [  # type: ignore[method-assign]
            Match(0, at, at + 2.0, at + 158.0, 1.0, 20.0, 4, 4, 2, None)
        ]
        yield from stream.sound(60)

    box.hear(evening)
    (play,) = box.reports(PlayReport)
    assert play.start == EVENING
    assert (play.end - EVENING).total_seconds() == pytest.approx(150 + 8 + 60, abs=2.0)
    assert play.level_dbfs == pytest.approx(-20.0, abs=1.0)


def test_what_was_kept_but_does_not_fit_the_contract_keeps_nobody_from_hearing(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    with power_cut():
        box.hear(cut_off)
    path = box.folder / "under-way.json"
    path.write_text(path.read_text().replace('"model":"', '"model":"not a digest '))
    box.boot = NEXT_BOOT
    box.hear(lambda box: Stream(box).quiet(5))
    assert box.reports(PlayReport) == []
    assert "is not told" in caplog.text
    assert len(box.reports(CoverageReport)) == 1


def test_what_cannot_be_read_of_what_was_under_way_is_left_and_said(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    (box.folder / "under-way.json").write_text('{"at": 3')
    box.hear(lambda box: Stream(box).quiet(5))
    assert "under-way.json" in caplog.text
    assert len(box.events) == 1
