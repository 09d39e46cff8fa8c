"""A log that somebody worked on at the database shows it, as does one whose card has rotted."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import Broken, Refused
from device.host.clock import Instant
from device.record.export import lines
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.log_verification import verify_file, verify_log
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport
from device.record.signing_key import SigningKey
from device.record.verification import Fault, Reason

At = Callable[[float], Instant]
INCIDENT = IncidentReport("microphone-lost", "Gone.")


@pytest.fixture
def path(
    tmp_path: Path, box_key: SigningKey, at: At, platform: Jwks, receipt_for: Callable[..., bytes]
) -> Path:
    """Write twelve events; nine are receipted and the first three of them forgotten."""
    path = tmp_path / "log.db"
    with EventLog.open(path, "abay-theatre-1", box_key) as log:
        places = [log.append(INCIDENT, at(second)) for second in range(12)]
        with ReceiptLedger.open(path) as ledger:
            ledger.keep_receipt(receipt_for(6, places[5].hash), platform)
            ledger.keep_receipt(receipt_for(9, places[8].hash), platform)
        log.forget(at(3).utc, at(900))
    return path


def at_the_database(path: Path, *statements: str) -> None:
    """Change a log as somebody would who can: guards away first."""
    connection = sqlite3.connect(path)
    triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def fault_of(path: Path, boxes: Jwks, platform: Jwks | None) -> Fault | None:
    return verify_file(path, boxes, platform).fault


def test_a_log_is_sound_from_what_was_forgotten_to_its_head(path: Path, boxes: Jwks, platform: Jwks) -> None:
    verification = verify_file(path, boxes, platform)
    assert verification.sound
    assert verification.first is not None
    assert (verification.first.seq, verification.events, verification.beyond_receipt) == (4, 9, 3)


def test_a_log_is_verified_while_its_box_goes_on(
    path: Path, boxes: Jwks, platform: Jwks, box_key: SigningKey, at: At
) -> None:
    with EventLog.open(path, "abay-theatre-1", box_key) as log:
        assert verify_file(path, boxes, platform).sound
        log.append(INCIDENT, at(50))
        assert verify_log(log, boxes, platform).events == 10


def test_an_export_is_recognised_and_verified(
    path: Path, tmp_path: Path, boxes: Jwks, platform: Jwks
) -> None:
    with EventLog.read(path) as log:
        exported = b"".join(line + b"\n" for line in lines(log))
    (tmp_path / "evening.jws").write_bytes(exported)
    assert verify_file(tmp_path / "evening.jws", boxes, platform).events == 9
    assert fault_of(tmp_path / "evening.jws", Jwks.of([]), platform) is not None


@pytest.mark.parametrize(
    ("statement", "seq", "reason"),
    [
        (
            "UPDATE event SET jws = CAST(replace(CAST(jws AS TEXT), '.', '.A') AS BLOB) WHERE seq = 7",
            7,
            Reason.TORN,
        ),
        ("UPDATE event SET jws = substr(jws, 1, 200) WHERE seq = 7", 7, Reason.TORN),
        ("UPDATE event SET jws = x'' WHERE seq = 7", 7, Reason.TORN),
        ("UPDATE event SET jws = (SELECT jws FROM event WHERE seq = 8) WHERE seq = 7", 7, Reason.REMOVED),
        ("UPDATE event SET hash = zeroblob(32) WHERE seq = 12", 12, Reason.ALTERED),
        ("UPDATE event SET seq = 99 WHERE seq = 12", 12, Reason.ALTERED),
        ("UPDATE event SET seq = 100 - seq", 4, Reason.REORDERED),
        ("DELETE FROM event WHERE seq = 4", 4, Reason.REMOVED),
        ("DELETE FROM event WHERE seq = 7", 7, Reason.REMOVED),
        ("DELETE FROM event WHERE seq >= 9", 9, Reason.REMOVED),
        ("DELETE FROM event", 4, Reason.REMOVED),
        ("INSERT INTO event SELECT 13, jws, hash, type, time FROM event WHERE seq = 5", 13, Reason.REPEATED),
        ("DELETE FROM forgotten", 1, Reason.REMOVED),
        ("UPDATE forgotten SET hash = zeroblob(32)", 4, Reason.INSERTED),
        ("UPDATE receipt SET jws = substr(jws, 1, 100)", 0, Reason.RECEIPT),
        ("UPDATE box SET name = 'opera-2'", 0, Reason.OTHER_BOX),
    ],
)
def test_work_at_the_database_shows(
    path: Path, boxes: Jwks, platform: Jwks, statement: str, seq: int, reason: Reason
) -> None:
    at_the_database(path, statement)
    fault = fault_of(path, boxes, platform)
    assert fault is not None
    assert (fault.seq, fault.reason) == (seq, reason)


def test_two_events_that_changed_places_show(path: Path, boxes: Jwks, platform: Jwks) -> None:
    at_the_database(
        path,
        "UPDATE event SET seq = 1000 WHERE seq = 7",
        "UPDATE event SET seq = 7 WHERE seq = 8",
        "UPDATE event SET seq = 8 WHERE seq = 1000",
    )
    fault = fault_of(path, boxes, platform)
    assert fault is not None
    assert (fault.seq, fault.reason) == (7, Reason.REORDERED)


def test_a_log_that_was_put_back_from_a_copy_shows_against_the_receipt(
    path: Path,
    tmp_path: Path,
    boxes: Jwks,
    platform: Jwks,
    box_key: SigningKey,
    at: At,
    receipt_for: Callable[..., bytes],
) -> None:
    """The box itself cannot know; whoever holds a later receipt can."""
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    with EventLog.open(path, "abay-theatre-1", box_key) as log:
        head = log.append(INCIDENT, at(50))
    later = receipt_for(head.seq, head.hash)
    connection = sqlite3.connect(copy)
    connection.execute("INSERT INTO receipt (through, jws, time) VALUES (?, ?, '')", (head.seq, later))
    connection.commit()
    connection.close()
    assert fault_of(copy, boxes, platform) == Fault(
        13, Reason.REMOVED, "The events end at 12, but 13 is known to exist."
    )


def test_a_page_that_rotted_shows(path: Path, boxes: Jwks, platform: Jwks) -> None:
    content = path.read_bytes()
    with EventLog.read(path) as log:
        place = content.index(log.events(6, 1)[0].jws)
    for length in (1, 600, 4_096):
        rotten = bytes(byte ^ 0xFF for byte in content[place : place + length])
        path.write_bytes(content[:place] + rotten + content[place + length :])
        assert fault_of(path, boxes, platform) is not None


def test_an_index_that_rotted_shows(path: Path, boxes: Jwks, platform: Jwks) -> None:
    connection = sqlite3.connect(path)
    (root, size) = connection.execute(
        "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = 'event_by_type'"
    ).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[root * size - 100 : root * size] = bytes(100)
    path.write_bytes(content)
    fault = fault_of(path, boxes, platform)
    assert fault is not None
    assert fault.reason is Reason.TORN


def test_a_file_cut_short_shows(path: Path, boxes: Jwks, platform: Jwks) -> None:
    content = path.read_bytes()
    for length in (len(content) - 4_096, len(content) // 2, 5_000):
        path.write_bytes(content[:length])
        fault = fault_of(path, boxes, platform)
        assert fault is not None
        assert fault.reason is Reason.TORN


def test_a_database_that_is_no_log_is_said_to_be_none(tmp_path: Path, boxes: Jwks) -> None:
    connection = sqlite3.connect(tmp_path / "songs.db")
    connection.execute("CREATE TABLE songs (title)")
    connection.close()
    with pytest.raises(Broken, match="no log of a box"):
        verify_file(tmp_path / "songs.db", boxes, None)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, boxes: Jwks) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        verify_file(tmp_path / "absent.db", boxes, None)
