"""The account: what was heard, counted in seconds of the stream, becomes events in the time of the wall."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from device.account import KEPT, Account
from device.catalogue.catalogue import Catalogue
from device.coverage import Coverage, Level
from device.host.clock import ClockState, Instant
from device.match.match import Match, RunnerUp
from device.play import Play, Status
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.receipt import Receipt, seal_receipt
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import CoverageReport, PlayReport
from device.record.signing_key import SigningKey
from device.sound.segments import Segment
from device.span import Span
from tests.device.catalogue.made_up import MODEL, PARAMETERS, ZHELSIZ, reference, write_catalogue

BOX = "abai-1"
EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"


@dataclass
class WallClock:
    """A clock that stands where it is put."""

    utc: datetime = EVENING
    monotonic: float = 5_000.0
    state: ClockState = "synchronised"

    def now(self) -> Instant:
        return Instant(self.utc, self.monotonic, BOOT, self.state, 12)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    write_catalogue(tmp_path / "catalogue", [[reference("abai", 5, 1, (ZHELSIZ,)), reference("bayan", 3, 2)]])
    with Catalogue.open(tmp_path / "catalogue", MODEL, PARAMETERS) as opened:
        yield opened


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with EventLog.open(tmp_path / "log.sqlite", BOX, SigningKey.create(BOX)) as opened:
        yield opened


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def account(log: EventLog, clock: WallClock, catalogue: Catalogue) -> Account:
    return Account(log, clock, catalogue, MODEL, catalogue.thresholds)


def play(number: int = 0, status: Status = Status.IDENTIFIED) -> Play:
    best = Match(number, 12.0, 22.0, 42.0, 1.0, 14.5, 17, 15, 5, RunnerUp(1, 0.75))
    return Play(number, status, (Span(10.0, 20.0), Span(24.0, 30.0)), 40.0, best)


def coverage(end: float = 900.0) -> Coverage:
    return Coverage(
        0.0, end, 880.0, 40.0, 0.5, 19.5, 30.0, 8.0, 120.0, 410.5, 60.0, Level(-60.0, -42.0, -30.0)
    )


def reported(log: EventLog) -> PlayReport:
    report = log.latest(PlayReport, 1)[0].event.report
    assert isinstance(report, PlayReport)
    return report


def test_a_play_carries_the_names_the_places_and_the_evidence(account: Account, log: EventLog) -> None:
    account.play(play())
    report = reported(log)
    assert (report.recording.id, report.recording.title) == ("abai", "Title of abai")
    assert [(work.iswc, work.creators[0].name) for work in report.works] == [("T0345246801", "Abai")]
    assert report.spans == ((0.0, 10.0), (14.0, 20.0))
    assert (report.seconds_heard, report.reference_start, report.tempo) == (16.0, 40.0, 1.0)
    assert (report.score, report.threshold, report.windows, report.windows_agreeing) == (14.5, 12.0, 17, 15)
    assert report.runner_up is not None
    assert (report.runner_up.recording, report.runner_up.score) == ("bayan", 0.75)
    assert report.ai_generated


def test_times_follow_the_latest_word_on_when_the_stream_sounded(
    account: Account, log: EventLog, clock: WallClock
) -> None:
    account.anchor(30.0, 5_000.5)  # the card is half a second slower than the clock
    account.play(play())
    report = reported(log)
    assert report.end == EVENING + timedelta(seconds=0.5)
    assert report.start == EVENING + timedelta(seconds=0.5 - 20.0)
    assert (report.start_monotonic, report.end_monotonic) == (4_980.5, 5_000.5)


def test_the_level_is_the_mean_power_while_the_play_sounded(account: Account, log: EventLog) -> None:
    for second in range(60):
        loud = 0.1 if 10 <= second <= 30 else 0.001
        account.level(Segment(np.full(16_000, loud, dtype=np.float32), float(second)))
    account.play(play())
    assert reported(log).level_dbfs == pytest.approx(-20.0, abs=0.2)


def test_a_candidate_says_that_it_is_one(account: Account, log: EventLog) -> None:
    account.play(play(status=Status.CANDIDATE))
    assert reported(log).status == "candidate"


def test_coverage_is_told_with_what_nobody_assessed(account: Account, log: EventLog) -> None:
    account.anchor(900.0, 5_000.0)
    account.coverage(coverage())
    report = log.latest(CoverageReport, 1)[0].event.report
    assert isinstance(report, CoverageReport)
    assert (report.start, report.end) == (EVENING - timedelta(seconds=900), EVENING)
    assert (report.seconds.lost, report.seconds.deaf, report.seconds.music) == (0.5, 19.5, 410.5)
    assert (report.seconds.muted, report.seconds.covered) == (30.0, 8.0)
    assert report.level is not None


@pytest.mark.parametrize(
    ("delivered", "state", "left"),
    [(True, "synchronised", 2), (False, "synchronised", 3), (True, "unsynchronised", 3)],
)
def test_only_what_was_delivered_long_ago_and_surely_so_is_let_go(
    account: Account, log: EventLog, clock: WallClock, delivered: bool, state: ClockState, left: int
) -> None:
    account.play(play())
    account.play(play())
    if delivered:
        platform = SigningKey.create(None)
        head = log.events(0, 1)[0]
        receipt = seal_receipt(Receipt(BOX, 1, head.hash, EVENING), platform)
        with ReceiptLedger.open(log.path) as ledger:
            ledger.keep_receipt(receipt, Jwks.of([platform.public]))
    clock.utc, clock.state = EVENING + KEPT + timedelta(minutes=1), state
    account.coverage(coverage())
    assert log.count() == left
