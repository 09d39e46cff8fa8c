"""A card that lost what it said it had written, and a platform that has it: nothing is lost and nothing is told twice."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import Refused
from device.host.clock import Instant
from device.record import head_mark
from device.record.continuation import Repeated, continuation
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.log_verification import verify_file
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport
from device.record.signing_key import SigningKey

At = Callable[[float], Instant]
BOX = "abay-theatre-1"


def incident(number: int) -> IncidentReport:
    return IncidentReport("microphone-lost", "Gone.", {"number": number})


def numbers(log: EventLog) -> list[object]:
    """Give what the log tells, in its order."""
    reports = [stored.event.report for stored in log.events(0, 1_000)]
    return [r.detail.get("number", r.code) for r in reports if isinstance(r, IncidentReport)]


@pytest.fixture
def receipted(
    tmp_path: Path, box_key: SigningKey, at: At, platform: Jwks, receipt_for: Callable[..., bytes]
) -> Callable[[int, int], tuple[Path, bytes]]:
    """Give a log that lost its end, and the receipt for it that then comes."""

    def lose(lost: int, written: int) -> tuple[Path, bytes]:
        path, kept = tmp_path / "log.db", tmp_path / "kept"
        with EventLog.open(path, BOX, box_key) as log:
            early = [log.append(incident(number), at(number)) for number in range(1, 6)]
            with ReceiptLedger.open(path) as ledger:
                ledger.keep_receipt(receipt_for(3, early[2].hash), platform)
            log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            shutil.copy(path, kept)
            late = [log.append(incident(number), at(number)) for number in range(6, 6 + lost)]
        shutil.copy(kept, path)
        head_mark.path_of(path).unlink()
        with EventLog.open(path, BOX, box_key) as log:
            for number in range(101, 101 + written):
                log.append(incident(number), at(number))
        return path, receipt_for(late[-1].seq, late[-1].hash)

    return lose


@pytest.mark.parametrize(("lost", "written"), [(4, 2), (2, 4), (3, 3), (3, 0), (1, 1)])
def test_the_log_goes_on_behind_what_the_platform_has(
    receipted: Callable[[int, int], tuple[Path, bytes]],
    box_key: SigningKey,
    at: At,
    boxes: Jwks,
    platform: Jwks,
    lost: int,
    written: int,
) -> None:
    path, receipt = receipted(lost, written)
    with EventLog.open(path, BOX, box_key) as log, ReceiptLedger.open(path) as ledger:
        with pytest.raises(Refused) as refused:
            ledger.keep_receipt(receipt, platform)
        assert refused.value.code in {"receipt-ahead", "receipt-other-chain"}
        assert ledger.contradicted()
        log.append(incident(200), at(200))
        assert not ledger.contradicted()
        assert ledger.keep_receipt(receipt, platform).through == 5 + lost

        again = list(range(101, 101 + written))
        assert numbers(log) == [1, 2, 3, 4, 5, "log-continued", *again, 200]
        (said,) = log.events(5, 1)
        told = continuation(said.event.report)
        assert said.seq == 6 + lost
        assert told is not None
        first = 6 + lost + 1
        common = log.at(5)
        assert common is not None
        assert told.repeated == (Repeated(6, 5 + written, first, common.hash) if written else None)
        assert [stored.event.time for stored in log.events(said.seq, written)] == [at(n).utc for n in again]
        assert log.waiting() == written + 2
    found = verify_file(path, boxes, platform)
    assert (found.fault, found.lost) == (None, lost)


def test_a_receipt_that_contradicts_is_noted_once(
    receipted: Callable[[int, int], tuple[Path, bytes]], box_key: SigningKey, platform: Jwks, at: At
) -> None:
    path, receipt = receipted(2, 2)
    with EventLog.open(path, BOX, box_key) as log, ReceiptLedger.open(path) as ledger:
        for _ in range(3):
            with pytest.raises(Refused):
                ledger.keep_receipt(receipt, platform)
        assert log._connection.execute("SELECT count(*) FROM contradiction").fetchone() == (1,)
        log.append(incident(200), replace(at(200), state="unknown"))
        events = log.count()
        ledger.keep_receipt(receipt, platform)
        log.append(incident(201), at(201))
        assert log.count() == events + 1
