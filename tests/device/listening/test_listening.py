"""The loop as a whole: real log, account, coverage and vigil; only the recognition is made up."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from device import hearing
from device.features import PARAMETERS
from device.match.match import Match
from device.mute import Mute
from device.record.reports import CoverageReport, IncidentReport, PlayReport, UnidentifiedReport
from device.sound.block import Arrival
from tests.device.listening.conftest import EVENING, Box, LoudMatcher, MusicGate, Stream, seconds


def test_an_evening_gives_its_plays_and_its_coverage(box: Box) -> None:
    def evening(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        yield from stream.quiet(10)
        yield from stream.sound(40)
        yield from stream.quiet(50)

    box.hear(evening)
    (play,) = box.reports(PlayReport)
    assert (play.start - EVENING).total_seconds() == pytest.approx(10.0, abs=2.5)
    assert (play.end - EVENING).total_seconds() == pytest.approx(50.0, abs=2.5)
    (coverage,) = box.reports(CoverageReport)
    assert seconds(coverage) == {"listened": 100.0, "silent": pytest.approx(57.0, abs=4.0)}
    assert box.reports(IncidentReport) == []
    assert not (box.folder / "under-way.json").exists()


def test_coverage_is_told_every_quarter_of_an_hour_while_no_microphone_is_there(box: Box) -> None:
    def evening(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        yield from stream.quiet(100)
        yield from stream.absence(2_000)
        yield from stream.quiet(20)

    box.hear(evening)
    told = [seconds(report) for report in box.reports(CoverageReport)]
    assert [each.get("deaf") for each in told] == [800.0, 900.0, 300.0]
    assert sum(sum(each.values()) - each.get("silent", 0.0) for each in told) == 2_120.0
    spans = [(report.start, report.end) for report in box.reports(CoverageReport)]
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    assert [report.code for report in box.reports(IncidentReport)] == ["microphone-lost", "microphone-back"]


def test_a_play_that_was_under_way_when_the_microphone_went_is_told_while_it_is_away(box: Box) -> None:
    def evening(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        yield from stream.sound(20)
        yield from stream.absence(35)
        assert len(box.reports(PlayReport)) == 1

    box.hear(evening)
    (play,) = box.reports(PlayReport)
    assert (play.end - EVENING).total_seconds() == pytest.approx(20.0, abs=1.0)


def test_nothing_of_the_muted_time_is_ever_looked_at(box: Box) -> None:
    def evening(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        yield from stream.sound(10)
        box.muted = Mute(EVENING, "page")
        yield from stream.sound(60)
        box.muted = None
        yield from stream.sound(10)

    box.hear(evening)
    looked_at = [(at, at + PARAMETERS.seconds) for at in box.matcher.asked]
    assert looked_at
    assert all(end <= 10.0 or start >= 70.0 for start, end in looked_at)
    assert [report.code for report in box.reports(IncidentReport)] == ["muted", "unmuted"]
    assert [seconds(report) for report in box.reports(CoverageReport)] == [{"listened": 20.0, "muted": 60.0}]
    assert len(box.reports(PlayReport)) == 2


def test_the_page_is_told_each_second_what_is_heard(box: Box) -> None:
    path, found = box.folder / "run/hearing.json", []

    def look(arrivals: Iterator[Arrival]) -> Iterator[Arrival]:
        for arrival in arrivals:
            yield arrival
            now = hearing.read(path)
            assert now is not None
            assert box.utc - now.written <= timedelta(seconds=1)
            found.append(now)

    def evening(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        yield from look(stream.quiet(5))
        yield from look(stream.sound(20))
        yield from look(stream.absence(5))

    box.hear(evening)
    states = [now.state for now in found]
    assert [state for at, state in enumerate(states) if state not in states[max(0, at - 1) : at]] == [
        "starting", "silent", "hearing", "lost"
    ]  # fmt: skip
    loud = found[40]
    assert loud.level_dbfs == pytest.approx(-20.0, abs=0.5)
    assert [(sounding.title, sounding.status) for sounding in loud.sounding] == [
        ("Title of abai", "identified")
    ]
    assert found[-1].level_dbfs is None
    assert found[-1].trouble is not None


class DeafMatcher(LoudMatcher):
    """Knows nothing."""

    def hear(self, position: float, _embedding: np.ndarray) -> list[Match]:
        self.asked.append(position)
        return []


def test_unknown_music_is_reported_with_its_embeddings_and_known_music_is_not(box: Box) -> None:
    box.gate = MusicGate()

    def script(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        yield from stream.sound(40.0)
        yield from stream.sound(60.0, level=1e-5)

    box.hear(script)
    assert box.reports(UnidentifiedReport) == []
    box.matcher = DeafMatcher()
    box.hear(script)
    (report,) = box.reports(UnidentifiedReport)
    assert 38.0 <= report.seconds_heard <= 41.0
    assert report.dimension == 1
    assert 38 <= len(report.embeddings) <= 42
    assert (report.end - report.start).total_seconds() == pytest.approx(41.0, abs=2.0)
