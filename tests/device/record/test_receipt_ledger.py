"""Receipts in the log: verified, kept as signed, and the last one counts."""

import sqlite3
from collections.abc import Callable, Iterator

import pytest

from device.errors import Broken, Refused
from device.host.clock import Instant
from device.record import limits
from device.record.event import NO_EVENT
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log import EventLog
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport
from device.record.signing_key import SigningKey

At = Callable[[float], Instant]
INCIDENT = IncidentReport("microphone-lost", "Gone.")


@pytest.fixture
def places(log: EventLog, at: At) -> list[Link]:
    """Give five events' places; the first is the one before them."""
    return [Link(0, NO_EVENT), *(log.append(INCIDENT, at(second)) for second in range(5))]


@pytest.fixture
def ledger(log: EventLog) -> Iterator[ReceiptLedger]:
    with ReceiptLedger.open(log.path) as opened:
        yield opened


def test_a_receipt_is_kept_as_it_was_signed(
    ledger: ReceiptLedger, places: list[Link], platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    jws = receipt_for(4, places[4].hash)
    ledger.keep_receipt(jws, platform)
    assert ledger.receipts() == [jws]
    assert ledger.waiting() == 1


def test_the_same_receipt_at_every_connection_is_kept_once(
    ledger: ReceiptLedger, places: list[Link], platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    for _ in range(3):
        ledger.keep_receipt(receipt_for(4, places[4].hash), platform)
    assert len(ledger.receipts()) == 1


@pytest.mark.parametrize("lower", [2, 0])
def test_a_platform_restored_from_a_backup_asks_again(
    ledger: ReceiptLedger, places: list[Link], platform: Jwks, receipt_for: Callable[..., bytes], lower: int
) -> None:
    ledger.keep_receipt(receipt_for(5, places[5].hash), platform)
    assert ledger.waiting() == 0
    ledger.keep_receipt(receipt_for(lower, places[lower].hash), platform)
    assert ledger.waiting() == 5 - lower
    assert len(ledger.receipts()) == 2


def test_receipts_that_do_not_fit_change_nothing(
    ledger: ReceiptLedger,
    places: list[Link],
    platform: Jwks,
    boxes: Jwks,
    receipt_for: Callable[..., bytes],
    box_key: SigningKey,
) -> None:
    good = ledger.keep_receipt(receipt_for(2, places[2].hash), platform)
    wrong = {
        "receipt-other-box": receipt_for(3, places[3].hash, box="opera-2"),
        "receipt-ahead": receipt_for(6, "ab" * 32),
        "receipt-other-chain": receipt_for(3, places[2].hash),
        "key-unknown": receipt_for(3, places[3].hash, key=SigningKey.create(None)),
        "jws-malformed": b"no receipt",
    }
    for code, jws in wrong.items():
        with pytest.raises(Refused) as refused:
            ledger.keep_receipt(jws, platform)
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        ledger.keep_receipt(receipt_for(3, places[3].hash, key=box_key), boxes)
    assert refused.value.code == "receipt-of-a-box"
    assert ledger.receipt() == good


def test_a_receipt_for_events_long_forgotten_is_kept(
    log: EventLog,
    at: At,
    ledger: ReceiptLedger,
    places: list[Link],
    platform: Jwks,
    receipt_for: Callable[..., bytes],
) -> None:
    ledger.keep_receipt(receipt_for(4, places[4].hash), platform)
    log.forget(at(900).utc, at(900))
    ledger.keep_receipt(receipt_for(4, places[4].hash), platform)
    ledger.keep_receipt(receipt_for(1, places[1].hash), platform)
    assert ledger.receipt_through() == 1
    with pytest.raises(Refused):
        ledger.keep_receipt(receipt_for(4, places[3].hash), platform)


def test_old_receipts_go_and_the_newest_stay(
    ledger: ReceiptLedger,
    places: list[Link],
    platform: Jwks,
    receipt_for: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = limits.RECEIPTS_KEPT
    rows = [(1, receipt_for(1, places[1].hash), "2026-11-22T15:00:00.000Z")] * number
    ledger._connection.execute("BEGIN")
    ledger._connection.executemany("INSERT INTO receipt (through, jws, time) VALUES (?, ?, ?)", rows)
    ledger._connection.execute("COMMIT")
    for through in (2, 3):
        ledger.keep_receipt(receipt_for(through, places[through].hash), platform)
    assert len(ledger.receipts()) == number
    assert ledger.receipt_through() == 3


def test_the_process_with_the_network_cannot_touch_events(ledger: ReceiptLedger, places: list[Link]) -> None:
    for statement in (
        "INSERT INTO event SELECT 6, jws, hash, type, time FROM event WHERE seq = 5",
        "UPDATE event SET time = ''",
        "DELETE FROM event",
        "UPDATE box SET name = 'x'",
        "DROP TRIGGER event_is_never_rewritten",
        "PRAGMA writable_schema = ON",
        "ATTACH ':memory:' AS other",
    ):
        with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
            ledger._connection.execute(statement)


def test_no_receipt_is_rewritten_or_taken_away(
    ledger: ReceiptLedger, places: list[Link], platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    ledger.keep_receipt(receipt_for(4, places[4].hash), platform)
    for statement in ("UPDATE receipt SET through = 5", "DELETE FROM receipt"):
        with pytest.raises(sqlite3.IntegrityError):
            ledger._connection.execute(statement)


def test_a_file_that_is_no_log_takes_no_receipts(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("foreign") / "log.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title)")
    connection.close()
    with pytest.raises(Broken):
        ReceiptLedger.open(path)
