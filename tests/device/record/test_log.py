"""The log: numbered, chained, signed and written in one go, and never rewritten."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import Broken, Refused, Waiting
from device.host.clock import Instant
from device.record import limits
from device.record.event import NO_EVENT
from device.record.keys import Jwks, PublicKey
from device.record.link import Link
from device.record.log import EventLog
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import CoverageReport, IncidentReport, PlayReport
from device.record.signed_event import hash_of, unseal
from device.record.signing_key import SigningKey

At = Callable[[float], Instant]
INCIDENT = IncidentReport("microphone-lost", "The microphone went away.", {"usb": "1-1.2"})


def test_events_are_numbered_chained_and_signed(
    log: EventLog, at: At, play: PlayReport, coverage: CoverageReport, boxes: Jwks
) -> None:
    places = [log.append(report, at(second)) for second, report in enumerate([INCIDENT, play, coverage])]
    events = [unseal(stored.jws, boxes) for stored in log.events(0, 10)]
    assert [place.seq for place in places] == [event.seq for event in events] == [1, 2, 3]
    assert [event.report for event in events] == [INCIDENT, play, coverage]
    assert [event.prev for event in events] == [NO_EVENT, places[0].hash, places[1].hash]
    assert [hash_of(stored.jws) for stored in log.events(0, 10)] == [place.hash for place in places]
    assert log.head() == places[2]


def test_an_event_says_when_it_was_written_on_both_clocks(log: EventLog, at: At) -> None:
    unsure = replace(at(7.5), state="unsynchronised", error_ms=None)
    log.append(INCIDENT, unsure)
    stored = log.last()
    assert stored is not None
    assert stored.time == "2026-11-22T14:30:07.500Z"
    event = stored.event
    assert (event.time, event.stamp.boot, event.stamp.monotonic) == (
        unsure.utc,
        unsure.boot,
        unsure.monotonic,
    )
    assert (event.stamp.clock.state, event.stamp.clock.error_ms) == ("unsynchronised", None)


def test_a_log_goes_on_where_it_stopped(tmp_path: Path, box_key: SigningKey, at: At) -> None:
    with EventLog.open(tmp_path / "log.db", "abay-theatre-1", box_key) as log:
        assert log.opening.events == 0
        last = [log.append(INCIDENT, at(second)) for second in range(3)][-1]
    with EventLog.open(tmp_path / "log.db", "abay-theatre-1", box_key) as log:
        assert log.opening.whole
        assert log.opening.events == 3
        assert log.head() == last
        log.append(INCIDENT, at(9))
        assert [stored.seq for stored in log.events(2, 10)] == [3, 4]
        assert log.events(3, 1)[0].event.prev == last.hash


def test_an_event_off_the_contract_uses_no_number(log: EventLog, at: At, play: PlayReport) -> None:
    log.append(INCIDENT, at(0))
    with pytest.raises(Refused, match="tempo"):
        log.append(replace(play, tempo=0.0), at(1))
    assert log.append(INCIDENT, at(2)).seq == 2


class FailingElement:
    """A secure element that answers wrongly once, as one does when its supply sags."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.fails = False

    @property
    def public(self) -> PublicKey:
        return self._key.public

    def sign(self, message: bytes) -> bytes:
        signature = self._key.sign(message)
        return bytes([signature[0] ^ 1]) + signature[1:] if self.fails else signature


def test_a_wrong_signature_never_enters_the_chain(tmp_path: Path, box_key: SigningKey, at: At) -> None:
    element = FailingElement(box_key)
    with EventLog.open(tmp_path / "log.db", "abay-theatre-1", element) as log:
        log.append(INCIDENT, at(0))
        element.fails = True
        with pytest.raises(Refused, match="not those that were signed"):
            log.append(INCIDENT, at(1))
        element.fails = False
        assert log.append(INCIDENT, at(2)).seq == 2


def test_a_full_disk_leaves_the_log_as_it_was_and_goes_on_when_there_is_room(log: EventLog, at: At) -> None:
    before = log.append(INCIDENT, at(0))
    pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
    log._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = replace(INCIDENT, detail={"text": "x" * 4_000})
    written = 1
    with pytest.raises(Waiting, match="full") as waiting:  # noqa: PT012 - the disk fills within a few events
        for second in range(10):
            before = log.append(big, at(second))
            written += 1
    assert waiting.value.code == "disk-full"
    assert "larger card" in waiting.value.advice
    assert (log.head(), log.count()) == (before, written)
    log._connection.execute("PRAGMA max_page_count = 100000")
    assert log.append(INCIDENT, at(20)).seq == before.seq + 1


def test_another_boxs_log_is_not_written_to(tmp_path: Path, box_key: SigningKey, at: At) -> None:
    with EventLog.open(tmp_path / "log.db", "abay-theatre-1", box_key) as log:
        log.append(INCIDENT, at(0))
    with pytest.raises(Broken, match="log of abay-theatre-1, not of opera-2") as broken:
        EventLog.open(tmp_path / "log.db", "opera-2", SigningKey.create("opera-2"))
    assert broken.value.code == "log-other-box"


def test_a_key_that_is_not_the_boxs_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="not abay-theatre-1's") as broken:
        EventLog.open(tmp_path / "log.db", "abay-theatre-1", SigningKey.create("opera-2"))
    assert broken.value.code == "key-other-box"
    assert not (tmp_path / "log.db").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET jws = x'00' WHERE seq = 1",
        "UPDATE event SET time = '2020-01-01T00:00:00.000Z'",
        "DELETE FROM event WHERE seq = 3",
        "DELETE FROM event WHERE seq = 1",
        "DELETE FROM event",
        "INSERT INTO event SELECT 5, jws, hash, type, time FROM event WHERE seq = 3",
        "INSERT INTO event SELECT 0, jws, hash, type, time FROM event WHERE seq = 3",
        "INSERT OR REPLACE INTO event SELECT 2, jws, hash, type, time FROM event WHERE seq = 3",
        "INSERT INTO event VALUES (4, NULL, zeroblob(32), 'x', 'x')",
        "INSERT INTO event VALUES (4, 'text', zeroblob(32), 'x', 'x')",
        "INSERT INTO event VALUES (4, x'00', zeroblob(31), 'x', 'x')",
        "INSERT INTO box VALUES (2, 'other')",
        "INSERT INTO receipt VALUES (2, -1, x'00', 'x')",
    ],
)
def test_not_even_a_hand_at_the_database_rewrites_it(log: EventLog, at: At, statement: str) -> None:
    for second in range(3):
        log.append(INCIDENT, at(second))
    before = log.events(0, 10)
    with (
        sqlite3.connect(log.path) as hand,
        pytest.raises(sqlite3.IntegrityError),
    ):
        hand.execute(statement)
    hand.close()
    assert log.events(0, 10) == before


@pytest.fixture
def delivered(log: EventLog, at: At, platform: Jwks, receipt_for: Callable[..., bytes]) -> list[Link]:
    """Ten events, one a second, of which the platform has the first six."""
    places = [log.append(INCIDENT, at(second)) for second in range(10)]
    with ReceiptLedger.open(log.path) as ledger:
        ledger.keep_receipt(receipt_for(6, places[5].hash), platform)
    return places


def test_delivered_events_are_forgotten_oldest_first(log: EventLog, at: At, delivered: list[Link]) -> None:
    assert log.forget(at(4).utc, at(100)) == 4
    assert [stored.seq for stored in log.events(0, 20)] == [5, 6, 7, 8, 9, 10]
    assert log.anchor() == delivered[3]
    assert log.append(INCIDENT, at(101)).seq == 11


def test_a_delivered_event_goes_only_with_a_mark_where_the_chain_begins_then(
    log: EventLog, delivered: list[Link]
) -> None:
    with (
        sqlite3.connect(log.path) as hand,
        pytest.raises(sqlite3.IntegrityError, match="once the platform has it"),
    ):
        hand.execute("DELETE FROM event WHERE seq = 1")
    hand.close()
    assert log.count() == 10


def test_what_the_platform_does_not_have_is_never_forgotten(
    log: EventLog, at: At, delivered: list[Link]
) -> None:
    assert log.forget(at(1_000).utc, at(1_000)) == 6
    assert log.forget(at(1_000).utc, at(1_000)) == 0
    assert [stored.seq for stored in log.events(0, 20)] == [7, 8, 9, 10]
    assert log.waiting() == 4


def test_forgetting_stops_at_the_first_younger_event_whatever_the_clock_did(
    log: EventLog, at: At, platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    """A clock set back makes later events look older; the chain is cut at one place only."""
    places = [log.append(INCIDENT, at(second)) for second in (0, 1, 500, 2, 3)]
    with ReceiptLedger.open(log.path) as ledger:
        ledger.keep_receipt(receipt_for(5, places[4].hash), platform)
    assert log.forget(at(100).utc, at(600)) == 2
    assert [stored.seq for stored in log.events(0, 20)] == [3, 4, 5]


def test_the_last_event_always_stays_for_the_next_to_follow(
    log: EventLog, at: At, platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    places = [log.append(INCIDENT, at(second)) for second in range(3)]
    with ReceiptLedger.open(log.path) as ledger:
        ledger.keep_receipt(receipt_for(3, places[2].hash), platform)
    assert log.forget(at(900).utc, at(900)) == 2
    assert log.head() == places[2]
    assert log.append(INCIDENT, at(901)).seq == 4


def test_a_platform_that_asks_again_keeps_its_events_from_being_forgotten(
    log: EventLog, at: At, delivered: list[Link], platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    with ReceiptLedger.open(log.path) as ledger:
        ledger.keep_receipt(receipt_for(2, delivered[1].hash), platform)
    assert log.forget(at(900).utc, at(900)) == 2
    assert log.waiting() == 8


def test_a_long_forgetting_goes_in_steps(
    log: EventLog, at: At, delivered: list[Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORGOTTEN_AT_ONCE", 4)
    assert [log.forget(at(900).utc, at(900)) for _ in range(3)] == [4, 2, 0]
    assert log.anchor() == delivered[5]


def test_an_empty_log_has_nothing_to_forget(log: EventLog, at: At) -> None:
    assert log.forget(at(900).utc, at(900)) == 0


def test_what_was_forgotten_and_put_aside_stays_recorded(
    log: EventLog, at: At, delivered: list[Link]
) -> None:
    log.forget(at(4).utc, at(100))
    with sqlite3.connect(log.path) as hand:
        for statement in ("DELETE FROM forgotten", "UPDATE forgotten SET through = 1"):
            with pytest.raises(sqlite3.IntegrityError):
                hand.execute(statement)
    hand.close()
