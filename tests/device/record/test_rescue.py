"""Cards that rot anywhere: the log opens again, and whatever can be read of it is there."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import Broken, Waiting
from device.host.clock import Instant
from device.record import head_mark, rescue, suspicion
from device.record.continuation import continuation
from device.record.generations import newest
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log import EventLog
from device.record.log_verification import verify_file
from device.record.pages import PAGE, signed_texts
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport, PlayReport, WorkName
from device.record.signing_key import SigningKey

At = Callable[[float], Instant]
Open = Callable[[], EventLog]
INCIDENT = IncidentReport("microphone-lost", "Gone.", {"words": "x" * 300})
EVENTS, DELIVERED, FORGOTTEN = 64, 24, 8


@pytest.fixture(scope="module")
def long_play() -> PlayReport:
    """A play whose event does not fit into one page."""
    from tests.simulated.reports import PLAY

    works = tuple(WorkName(None, f"Work {number} " + "y" * 200, ()) for number in range(40))
    return replace(PLAY, works=works)


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory,
    box_key: SigningKey,
    platform: Jwks,
    receipt_for: Callable[..., bytes],
    at: At,
    long_play: PlayReport,
) -> tuple[Path, list[Link]]:
    """A log with events in its file and in its write-ahead log, some delivered, some forgotten, some long."""
    folder, running = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("running")
    path = running / "log.db"
    places = []
    log = EventLog.open(path, "abay-theatre-1", box_key)
    with log:
        for number in range(EVENTS):
            places.append(log.append(long_play if number % 17 == 16 else INCIDENT, at(number)))
            if number == DELIVERED:
                with ReceiptLedger.open(path) as ledger:
                    ledger.keep_receipt(receipt_for(DELIVERED, places[DELIVERED - 1].hash), platform)
                log.forget(at(FORGOTTEN).utc, at(number))
            if number == EVENTS - 20:
                log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        for name in ("log.db", "log.db-wal", "log.db-head"):
            shutil.copy(running / name, folder / name)
    return folder, places


@pytest.fixture
def path(tmp_path: Path, whole: tuple[Path, list[Link]]) -> Path:
    for file in whole[0].iterdir():
        shutil.copy(file, tmp_path / file.name)
    return tmp_path / "log.db"


@pytest.fixture
def places(whole: tuple[Path, list[Link]]) -> list[Link]:
    return whole[1]


@pytest.fixture
def open_log(path: Path, box_key: SigningKey) -> Open:
    return lambda: EventLog.open(path, "abay-theatre-1", box_key)


def readable(path: Path, boxes: Jwks) -> set[str]:
    """Give the hashes of the events that are still somewhere in the files."""
    from device.record.signed_event import hash_of

    return {hash_of(jws) for jws in signed_texts(path, boxes)}


def check(path: Path, open_log: Open, places: list[Link], boxes: Jwks, at: At) -> int:
    """Open a log and append; nothing undelivered that can be read is lost, and the chain is whole but for what it says."""
    expected = readable(path, boxes) & {place.hash for place in places[DELIVERED:]}
    for _ in range(3):
        with open_log() as log:
            place = log.append(INCIDENT, at(500))
        assert place.seq > EVENTS
        try:
            with ReceiptLedger.open(path) as ledger:
                kept = {stored.hash for stored in ledger.to_send(range(DELIVERED + 1, place.seq + 1))}
            break
        except Waiting as waiting:
            if waiting.code != "log-damaged":
                raise
    assert expected <= kept
    found = verify_file(path, boxes, None)
    assert found.fault is None
    assert found.last == place
    with open_log() as log:
        assert log.opening.whole
    return len(expected)


def spoil(file: Path, place: int, damage: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(damage)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("how", ["bits", "page", "zeros"])
def test_whatever_rots_the_log_opens_again_with_all_that_can_be_read(
    path: Path, open_log: Open, places: list[Link], boxes: Jwks, at: At, how: str, seed: int
) -> None:
    chance = random.Random(f"{how} {seed}")
    for file in (path, path.with_name("log.db-wal")):
        size = file.stat().st_size
        for _ in range(chance.randint(1, 4)):
            if how == "bits":
                # The file's header says what it is; the rest of the first page is as good as any.
                place = chance.randrange(100, size)
                spoil(file, place, bytes([file.read_bytes()[place] ^ 1 << chance.randrange(8)]))
            else:
                page = chance.randrange(size // PAGE) * PAGE
                spoil(file, page, chance.randbytes(PAGE) if how == "page" else bytes(PAGE))
    check(path, open_log, places, boxes, at)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_torn_off_the_log_opens_again(
    path: Path, open_log: Open, places: list[Link], boxes: Jwks, at: At, seed: int
) -> None:
    chance = random.Random(seed)
    for file in (path, path.with_name("log.db-wal")):
        if chance.random() < 0.7:
            with file.open("r+b") as opened:
                opened.truncate(chance.randrange(file.stat().st_size))
    check(path, open_log, places, boxes, at)


def test_an_intact_log_is_not_taken_over(
    path: Path, open_log: Open, places: list[Link], boxes: Jwks, at: At
) -> None:
    assert check(path, open_log, places, boxes, at) == EVENTS - DELIVERED
    assert newest(path) == path


def test_a_root_page_that_is_gone_costs_no_event_and_is_told(
    path: Path, open_log: Open, places: list[Link], boxes: Jwks, at: At
) -> None:
    with open_log() as log:
        (root,) = log._connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'event'"
        ).fetchone()
        log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    spoil(path, (root - 1) * PAGE, bytes(PAGE))
    damaged = path.read_bytes()
    with open_log() as log:
        assert log.path.name == "log.2.db"
        log.append(INCIDENT, at(500))
        assert [stored.hash for stored in log.events(FORGOTTEN, EVENTS - FORGOTTEN)] == [
            place.hash for place in places[FORGOTTEN:]
        ]
        (said,) = log.events(EVENTS, 1)
        report = said.event.report
        assert isinstance(report, IncidentReport)
        assert (report.code, report.detail["file"]) == ("log-damaged", "log.db")
        assert log.receipt_through() == DELIVERED
        assert log.anchor() == places[FORGOTTEN - 1]
        assert log.losses() == []
    assert path.read_bytes() == damaged
    assert verify_file(path, boxes, None).sound


def test_pages_that_are_gone_from_the_middle_are_declared_lost(
    path: Path, open_log: Open, places: list[Link], boxes: Jwks, at: At
) -> None:
    with open_log() as log:
        log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        victim = log.events(39, 1)[0].jws
    content = path.read_bytes()
    spoil(path, content.index(victim) // PAGE * PAGE, bytes(PAGE))
    with open_log() as log:
        log.append(INCIDENT, at(500))
        (said,) = (c for c in (continuation(s.event.report) for s in log.events(EVENTS, 9)) if c)
        (bridge,) = said.lost
        assert 40 in bridge.numbers
        assert len(bridge.numbers) < 12
        assert (bridge.after, bridge.through) == (
            places[bridge.after.seq - 1],
            places[bridge.through.seq - 1],
        )
        kept = {stored.seq for stored in log.events(0, 1_000)}
        assert kept & set(bridge.numbers) == set()
        assert set(range(FORGOTTEN + 1, EVENTS + 1)) <= kept | set(bridge.numbers)


def test_readers_and_sync_follow_to_the_new_file(
    path: Path, open_log: Open, places: list[Link], platform: Jwks, at: At, receipt_for: Callable[..., bytes]
) -> None:
    open_log().close()
    ledger = ReceiptLedger.open(path)
    spoil(path, PAGE, bytes(path.stat().st_size - PAGE))
    with open_log() as log:
        log.append(INCIDENT, at(500))
        with pytest.raises(Waiting) as waiting:
            ledger.to_send(range(1, 5))
        assert waiting.value.code == "log-moved"
        ledger.close()
        with ReceiptLedger.open(path) as again, EventLog.read(path) as reader:
            assert again.path == reader.path == log.path
            head = log.head()
            assert head is not None
            again.keep_receipt(receipt_for(head.seq, head.hash), platform)
            assert log.receipt_through() == head.seq


def test_a_file_that_lost_all_its_bytes_does_not_cost_what_is_in_the_write_ahead_log(
    path: Path, open_log: Open, places: list[Link], boxes: Jwks, at: At
) -> None:
    path.write_bytes(b"")
    with pytest.raises(Broken, match="is empty"):
        EventLog.read(path)
    assert check(path, open_log, places, boxes, at) >= 20


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


@pytest.mark.parametrize("moment", ["_collect", "_choose", "_write", "_publish"])
def test_a_power_cut_while_a_log_is_taken_over_changes_nothing(
    path: Path,
    open_log: Open,
    places: list[Link],
    boxes: Jwks,
    at: At,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_log() as log:
        log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    spoil(path, 3 * PAGE, bytes(path.stat().st_size - 4 * PAGE))
    suspicion.leave(path, "It is damaged.")
    damaged = path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rescue, moment, fail)
        with pytest.raises(KeyboardInterrupt):
            open_log()
    assert newest(path) == path
    assert path.read_bytes() == damaged
    check(path, open_log, places, boxes, at)
    assert newest(path).name == "log.2.db"
