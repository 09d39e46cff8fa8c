"""A card that gives back other bytes than were written: the log goes on behind what it lost, and says so."""

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from device.host.clock import Instant
from device.record import head_mark, limits, suspicion
from device.record.continuation import continuation
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log import EventLog
from device.record.log_verification import verify_log
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport
from device.record.signing_key import SigningKey
from device.record.tail import is_whole

At = Callable[[float], Instant]
INCIDENT = IncidentReport("microphone-lost", "Gone.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def open_log(path: Path, box_key: SigningKey) -> Callable[[], EventLog]:
    return lambda: EventLog.open(path, "abay-theatre-1", box_key)


@pytest.fixture
def places(open_log: Callable[[], EventLog], at: At) -> list[Link]:
    """Write eight events and close the log."""
    with open_log() as log:
        return [log.append(INCIDENT, at(second)) for second in range(8)]


ROT = {
    "jws": "UPDATE event SET jws = CAST(x'00' || substr(jws, 2) AS BLOB) WHERE seq = ?",
    "hash": "UPDATE event SET hash = CAST(x'00' || substr(hash, 2) AS BLOB) WHERE seq = ?",
}


def rot(path: Path, *numbers: int, column: str = "jws") -> None:
    """Let a byte of some events rot."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER event_is_never_rewritten")
    connection.executemany(ROT[column], [(seq,) for seq in numbers])
    connection.commit()
    connection.close()


def test_a_whole_log_is_found_whole(open_log: Callable[[], EventLog], places: list[Link]) -> None:
    with open_log() as log:
        assert log.opening.whole
        assert (log.opening.events, log.opening.cut, log.opening.damaged, log.opening.missing) == (
            8,
            0,
            (),
            0,
        )


def declared(log: EventLog) -> list[tuple[int, int]]:
    """Give the stretches that the log's incidents declare lost: after, through."""
    found = [continuation(stored.event.report) for stored in log.events(0, 1_000) if is_whole(stored)]
    return [(one.after.seq, one.through.seq) for each in found if each for one in each.lost]


@pytest.mark.parametrize("column", ["jws", "hash"])
def test_damage_at_the_end_is_put_aside_and_its_number_is_not_used_again(
    path: Path, open_log: Callable[[], EventLog], places: list[Link], at: At, boxes: Jwks, column: str
) -> None:
    rot(path, 7, 8, column=column)
    with open_log() as log:
        assert (log.opening.events, log.opening.cut) == (6, 2)
        assert log.head() == places[5]
        assert log.append(INCIDENT, at(20)).seq == 10
        assert declared(log) == [(6, 8)]
        assert log.events(8, 1)[0].event.prev == places[7].hash
        aside = log._connection.execute("SELECT seq FROM torn ORDER BY seq").fetchall()
        assert aside == [(7,), (8,)]
        found = verify_log(log, boxes, None)
        assert (found.fault, found.events, found.lost) == (None, 8, 2)
    with open_log() as log:
        assert log.opening.whole
        log.append(INCIDENT, at(30))
        assert declared(log) == [(6, 8)]


def test_a_row_that_never_was_an_event_is_put_aside(
    path: Path, open_log: Callable[[], EventLog], places: list[Link]
) -> None:
    garbage = b"no event, but with its own hash"
    connection = sqlite3.connect(path)
    row = (9, garbage, hashlib.sha256(garbage).digest(), "kz.estu.play.v1", "2026-11-22T15:00:00.000Z")
    connection.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    with open_log() as log:
        assert (log.opening.events, log.opening.cut) == (8, 1)
        assert log.head() == places[7]


def test_an_event_that_the_platform_has_keeps_its_number_though_it_is_damaged_here(
    path: Path,
    open_log: Callable[[], EventLog],
    places: list[Link],
    at: At,
    platform: Jwks,
    receipt_for: Callable[..., bytes],
) -> None:
    with ReceiptLedger.open(path) as ledger:
        ledger.keep_receipt(receipt_for(7, places[6].hash), platform)
    rot(path, 6, 7, 8)
    with open_log() as log:
        assert (log.opening.cut, log.opening.damaged) == (1, (6, 7))
        log.append(INCIDENT, at(20))
        assert declared(log) == [(7, 8)]


def test_whole_events_after_damage_stay_and_the_log_says_what_is_lost(
    path: Path, open_log: Callable[[], EventLog], places: list[Link], at: At, boxes: Jwks
) -> None:
    rot(path, 2, 5)
    with open_log() as log:
        assert (log.opening.cut, log.opening.damaged, log.opening.events) == (2, (), 6)
        assert not log.opening.whole
        assert log.head() == places[7]
        log.append(INCIDENT, at(20))
        assert declared(log) == [(1, 2), (4, 5)]
        assert verify_log(log, boxes, None).lost == 2


def test_a_log_whose_every_event_is_damaged_goes_on_behind_them(
    path: Path, open_log: Callable[[], EventLog], places: list[Link], at: At
) -> None:
    rot(path, *range(1, 9))
    with open_log() as log:
        assert (log.opening.cut, log.opening.events) == (8, 0)
        assert log.append(INCIDENT, at(20)).seq == 10
        assert declared(log) == [(0, 8)]


def test_a_row_that_is_gone_is_counted(
    path: Path, open_log: Callable[[], EventLog], places: list[Link]
) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER event_stays_until_receipted_and_anchored")
    connection.execute("DELETE FROM event WHERE seq IN (2, 3)")
    connection.commit()
    connection.close()
    with open_log() as log:
        assert (log.opening.missing, log.opening.cut, log.opening.events) == (0, 2, 6)


def test_a_row_with_a_number_that_was_never_given_does_not_set_the_next(
    path: Path, open_log: Callable[[], EventLog], places: list[Link], at: At
) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER event_is_never_rewritten")
    connection.execute("UPDATE event SET seq = 8 + (1 << 50) WHERE seq = 8")
    connection.commit()
    connection.close()
    head_mark.path_of(path).unlink()
    with open_log() as log:
        assert log.append(INCIDENT, at(20)).seq == 8


def test_an_end_that_the_card_lost_is_known_from_the_note_beside_the_log(
    path: Path, open_log: Callable[[], EventLog], places: list[Link], at: At, boxes: Jwks
) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER event_stays_until_receipted_and_anchored")
    connection.execute("DELETE FROM event WHERE seq > 5")
    connection.commit()
    connection.close()
    with open_log() as log:
        assert (log.opening.cut, log.opening.events) == (3, 5)
        assert log.append(INCIDENT, at(20)).seq == 10
        assert (declared(log), log.events(8, 1)[0].event.prev) == ([(5, 8)], places[7].hash)
        assert verify_log(log, boxes, None).lost == 3


def test_a_number_that_is_lost_is_not_waited_for(
    path: Path, open_log: Callable[[], EventLog], places: list[Link], at: At
) -> None:
    rot(path, 7, 8)
    with open_log() as log:
        log.append(INCIDENT, at(20))
        assert (log.head().seq, log.waiting()) == (10, 8)  # type: ignore[union-attr]


def test_only_the_tail_is_read_again(
    path: Path, open_log: Callable[[], EventLog], places: list[Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TAIL_EVENTS", 3)
    rot(path, 5)
    with open_log() as log:
        assert log.opening.whole
    monkeypatch.setattr(limits, "TAIL_EVENTS", 4)
    with open_log() as log:
        assert log.opening.cut == 1


def test_where_there_is_a_reason_every_undelivered_event_is_read_again(
    path: Path, open_log: Callable[[], EventLog], places: list[Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TAIL_EVENTS", 2)
    rot(path, 3)
    suspicion.leave(path, "Event 3 is not what was written.")
    with open_log() as log:
        assert log.opening.cut == 1
    assert suspicion.read(path) is None


def test_a_forgotten_beginning_is_not_missing(
    path: Path,
    open_log: Callable[[], EventLog],
    places: list[Link],
    at: At,
    platform: Jwks,
    receipt_for: Callable[..., bytes],
) -> None:
    with ReceiptLedger.open(path) as ledger:
        ledger.keep_receipt(receipt_for(7, places[6].hash), platform)
    with open_log() as log:
        log.forget(at(4).utc, at(900))
    with open_log() as log:
        assert log.opening.whole
        assert log.opening.events == 4


def test_a_log_that_lost_all_that_was_not_receipted_goes_on_from_what_was_forgotten(
    path: Path,
    open_log: Callable[[], EventLog],
    places: list[Link],
    at: At,
    boxes: Jwks,
    platform: Jwks,
    receipt_for: Callable[..., bytes],
) -> None:
    with ReceiptLedger.open(path) as ledger:
        ledger.keep_receipt(receipt_for(6, places[5].hash), platform)
    with open_log() as log:
        log.forget(at(900).utc, at(900))
    rot(path, 7, 8)
    with open_log() as log:
        assert (log.opening.events, log.opening.cut) == (0, 2)
        assert log.append(INCIDENT, at(901)).seq == 10
        assert declared(log) == [(6, 8)]
        assert verify_log(log, boxes, platform).sound
