"""What page, status and sync see of the log."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import Waiting
from device.host.clock import Instant
from device.record.keys import Jwks
from device.record.link import START, Link
from device.record.log import EventLog
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import CoverageReport, IncidentReport, PlayReport

At = Callable[[float], Instant]
INCIDENT = IncidentReport("microphone-lost", "Gone.")


def test_a_new_log_is_empty_from_every_side(log: EventLog) -> None:
    assert log.box == "abay-theatre-1"
    assert (log.head(), log.last(), log.receipt()) == (None, None, None)
    assert (log.count(), log.waiting(), log.receipt_through()) == (0, 0, 0)
    assert (log.events(0, 5), log.latest(PlayReport, 5), log.receipts()) == ([], [], [])
    assert log.anchor() == START
    assert log.at(0) == START
    assert log.damage() is None


def test_another_process_reads_what_was_just_written(
    log: EventLog, at: At, play: PlayReport, coverage: CoverageReport
) -> None:
    with EventLog.read(log.path) as reader:
        log.append(INCIDENT, at(0))
        assert reader.count() == 1
        for second in range(1, 4):
            log.append(play, at(second))
        head = log.append(coverage, at(4))
        assert reader.head() == head == reader.at(5)
        assert reader.at(6) is None
        assert [stored.seq for stored in reader.latest(PlayReport, 2)] == [4, 3]
        assert reader.latest(PlayReport, 1)[0].event.report == play
        assert [stored.seq for stored in reader.events(1, 2)] == [2, 3]
        last = reader.last()
        assert last is not None
        assert (last.seq, last.type, last.hash) == (5, "kz.estu.coverage.v1", head.hash)


def test_the_receipt_says_what_is_waiting(
    log: EventLog, at: At, platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    places: list[Link] = [log.append(INCIDENT, at(second)) for second in range(5)]
    with ReceiptLedger.open(log.path) as ledger, EventLog.read(log.path) as reader:
        assert reader.waiting() == 5
        kept = ledger.keep_receipt(receipt_for(3, places[2].hash), platform)
        assert reader.receipt() == kept
        assert (reader.waiting(), reader.receipt_through()) == (2, 3)


def test_a_reader_that_stands_still_sees_no_later_event(log: EventLog, at: At) -> None:
    log.append(INCIDENT, at(0))
    with EventLog.read(log.path) as reader:
        with reader.standing_still():
            assert reader.count() == 1
            log.append(INCIDENT, at(1))
            assert reader.count() == 1
        assert reader.count() == 2


def test_there_is_nothing_to_read_before_the_box_first_listens(tmp_path: Path) -> None:
    with pytest.raises(Waiting):
        EventLog.read(tmp_path / "log.db")
    with pytest.raises(Waiting):
        ReceiptLedger.open(tmp_path / "log.db")
    assert list(tmp_path.iterdir()) == []
