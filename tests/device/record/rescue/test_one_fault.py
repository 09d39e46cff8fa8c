"""One thing rots: a receipt, a note, a signature, another's log; what it costs, and who says so."""

import sqlite3
from pathlib import Path

import pytest

from device.errors import Broken, Waiting
from device.record import head_mark, suspicion
from device.record.generations import newest
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log import EventLog
from device.record.receipt_ledger import ReceiptLedger
from device.record.signing_key import SigningKey
from tests.device.record.rescue.conftest import DELIVERED, EVENTS, FORGOTTEN, INCIDENT, At, Open


def test_a_receipt_that_rotted_lets_nothing_go(
    path: Path, open_log: Open, places: list[Link], at: At
) -> None:
    open_log().close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER receipt_is_never_rewritten")
    connection.execute("UPDATE receipt SET through = ?", (EVENTS,))
    connection.commit()
    connection.close()
    with open_log() as log:
        before = log.count()
        assert log.forget(at(10_000).utc, at(10_000)) <= DELIVERED
        assert log.count() >= before - DELIVERED


@pytest.mark.parametrize(
    "rot", ["x'00'", "CAST(replace(jws, '.', '') AS BLOB)", "CAST(substr(jws, 1, 200) AS BLOB)"]
)
def test_a_receipt_that_nobody_can_read_keeps_nobody_from_hearing_and_is_replaced(
    rot: str, path: Path, open_log: Open, places: list[Link], at: At, platform: Jwks
) -> None:
    with open_log() as log:
        receipt = log.receipt_text()
    assert receipt is not None
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER receipt_is_never_rewritten")
    connection.execute(f"UPDATE receipt SET jws = {rot}")  # noqa: S608 - as above
    connection.commit()
    connection.close()
    with open_log() as log:
        assert log.forget(at(10_000).utc, at(10_000)) == 0
        assert log.append(INCIDENT, at(10_001)).seq == EVENTS + 1
        assert (log.receipt(), log.receipt_through(), log.waiting()) == (None, 0, EVENTS + 1 - FORGOTTEN)
        with ReceiptLedger.open(path) as ledger:
            ledger.keep_receipt(receipt, platform)
        assert log.receipt_through() == DELIVERED


def test_what_sync_finds_rotten_it_does_not_send_and_leaves_word(
    path: Path, open_log: Open, places: list[Link], at: At
) -> None:
    open_log().close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER event_is_never_rewritten")
    connection.execute("UPDATE event SET jws = CAST(x'00' || substr(jws, 2) AS BLOB) WHERE seq = 40")
    connection.commit()
    connection.close()
    with ReceiptLedger.open(path) as ledger:
        assert len(ledger.to_send(range(30, 40))) == 10
        with pytest.raises(Waiting) as waiting:
            ledger.to_send(range(35, 45))
    assert waiting.value.code == "log-damaged"
    assert suspicion.read(path) is not None
    with open_log() as log:
        log.append(INCIDENT, at(500))
        assert [bridge.numbers for bridge in log.losses()] == [range(40, 41)]


def test_sync_does_not_touch_a_log_that_is_behind_its_note(
    path: Path, open_log: Open, places: list[Link]
) -> None:
    path.with_name("log.db-wal").write_bytes(b"")
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(Waiting) as waiting:
        ReceiptLedger.open(path)
    assert waiting.value.code == "log-behind"
    assert path.read_bytes() == before["log.db"]


def test_another_boxs_damaged_log_is_not_taken_over(path: Path, tmp_path: Path) -> None:
    key = SigningKey.create("opera-2")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA application_id = 1")
    connection.close()
    with pytest.raises(Broken) as broken:
        EventLog.open(path, "opera-2", key)
    assert broken.value.code == "log-foreign"
    assert newest(path) == path


def test_a_note_of_the_head_that_is_torn_is_none(path: Path) -> None:
    noted = head_mark.read(path)
    assert noted is not None
    assert noted.seq == EVENTS
    content = head_mark.path_of(path).read_bytes()
    for torn in (b"", content[:40], content.replace(b" ", b"x", 1), b"1" + content):
        head_mark.path_of(path).write_bytes(torn)
        assert head_mark.read(path) is None
