"""The loop as a whole: real log, account, coverage and vigil; only the recognition is made up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from device import hearing
from device.account import Account
from device.bulletin import Bulletin
from device.catalogue.catalogue import Catalogue
from device.coverage import CoverageCount
from device.errors import Waiting
from device.features import PARAMETERS
from device.gate import Heard as GateHeard
from device.host.clock import Instant
from device.listening import Ear, listen
from device.match.match import Match
from device.mute import Mute
from device.play import Plays
from device.record.event import Event
from device.record.log import EventLog
from device.record.reports import CoverageReport, IncidentReport, PlayReport, UnidentifiedReport
from device.record.signing_key import SigningKey
from device.renewal import Renewal
from device.sound.block import Absence, Arrival, Block
from device.sound.cutter import Cutter
from device.sound.deafness import Deafness
from device.under_way import UnderWayFile
from device.unidentified import Unidentified
from device.vigil import Vigil
from tests.device.catalogue.made_up import MODEL, reference, write_catalogue
from tests.device.catalogue.made_up import PARAMETERS as FEATURES

BOX, BOOT, NEXT_BOOT = (
    "abai-1",
    "3cf6d579-34f6-4769-b05c-5739868a08d2",
    "aaaaaaaa-34f6-4769-b05c-5739868a08d2",
)
EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
BEGAN = 5_000.0  # monotonic seconds
RATE, HOP = PARAMETERS.sample_rate, 0.5
GONE = Waiting("microphone-gone", "It gives nothing any more.", "Check its plug.")


class PowerCut(Exception):  # noqa: N818 - no error, an event
    """The end of everything, at any instant."""


class LevelModel:
    """Embeds a segment as how loud it is."""

    def embed(self, spectrogram: np.ndarray) -> np.ndarray:
        return np.array([[float(spectrogram.mean())]], dtype=np.float32)


class LoudMatcher:
    """Hears the first recording of the catalogue, on one line, wherever there is sound."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def hear(self, position: float, _embedding: np.ndarray) -> list[Match]:
        self.asked.append(position)
        return [Match(0, position, position + PARAMETERS.seconds, position, 1.0, 20.0, 4, 4, 2, None)]


@dataclass
class Box:
    """A box whose services start and end, and a hall's clock that goes on with what arrives."""

    folder: Path
    catalogue: Catalogue
    key: SigningKey = field(default_factory=lambda: SigningKey.create(BOX))
    monotonic: float = BEGAN
    boot: str = BOOT
    utc: datetime = EVENING
    muted: Mute | None = None
    matcher: LoudMatcher = field(default_factory=LoudMatcher)
    gate: object = None
    renewal: Renewal | None = None

    def now(self) -> Instant:
        return Instant(self.utc, self.monotonic, self.boot, "synchronised", 12)

    def hear(self, script: Callable[["Box"], Iterator[Arrival]]) -> None:
        """Run the service until the script ends."""
        with EventLog.open(self.folder / "log.sqlite", BOX, self.key) as log:
            account = Account(log, self, self.catalogue, MODEL, self.catalogue.thresholds)
            plays = Plays(15.0, 5.0)
            under_way = UnderWayFile(self.folder / "under-way.json")
            if (kept := under_way.read()) is not None:
                plays.go_on(account.take_up(kept))
            ear = Ear(
                vigil=Vigil(self.monotonic, account.incident, Deafness(), lambda: self.muted),
                cutter=Cutter(PARAMETERS.window, round(HOP * RATE), RATE),
                model=LevelModel(),  # type: ignore[arg-type]
                matcher=self.matcher,  # type: ignore[arg-type]
                plays=plays,
                coverage=CoverageCount(900.0),
                account=account,
                bulletin=Bulletin(self.folder / "run/hearing.json", self),
                under_way=under_way,
                gate=self.gate,  # type: ignore[arg-type]
                unidentified=Unidentified(HOP, PARAMETERS.seconds, 5.0) if self.gate else None,
                clock_watch=None,
                renewal=self.renewal,
            )
            listen(script(self), ear)

    def pass_on(self, seconds: float) -> None:
        self.monotonic += seconds
        self.utc += timedelta(seconds=seconds)

    @property
    def events(self) -> list[Event]:
        with EventLog.read(self.folder / "log.sqlite") as log:
            return [stored.event for stored in log.events(0, 10_000)]

    def reports(self, kind: type) -> list:
        return [event.report for event in self.events if isinstance(event.report, kind)]


class Stream:
    """Gives a box sound and silence, in blocks of half a second, and absences."""

    def __init__(self, box: Box) -> None:
        self.box, self.at = box, 0.0
        self.rng = np.random.default_rng(1)

    def sound(self, seconds: float, level: float = 0.1) -> Iterator[Block]:
        for _ in range(round(seconds * 2)):
            samples = (level * self.rng.standard_normal(RATE // 2)).astype(np.float32)
            self.box.pass_on(0.5)
            yield Block(samples, RATE, round(self.at * RATE), 0, self.box.monotonic)
            self.at += 0.5

    def quiet(self, seconds: float) -> Iterator[Block]:
        return self.sound(seconds, level=1e-5)

    def absence(self, seconds: float) -> Iterator[Absence]:
        for _ in range(round(seconds)):
            self.box.pass_on(1.0)
            self.at += 1.0
            yield Absence(self.at, self.box.monotonic, GONE)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    write_catalogue(tmp_path / "catalogue", [[reference("abai", 5, 1), reference("bayan", 3, 2)]])
    with Catalogue.open(tmp_path / "catalogue", MODEL, FEATURES) as catalogue:
        yield Box(tmp_path, catalogue)


def seconds(report: CoverageReport) -> dict[str, float]:
    told = {name: getattr(report.seconds, name) for name in ("listened", "deaf", "muted", "lost", "silent")}
    return {name: value for name, value in told.items() if value}


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


class MusicGate:
    """Takes everything for music, and says so surely."""

    def hear(self, _spectrogram: np.ndarray) -> list[GateHeard]:
        return [GateHeard(0.99, 0.01, 0.5, 0.5)]


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
