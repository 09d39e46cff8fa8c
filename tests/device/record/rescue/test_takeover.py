"""Cards that rot anywhere: the log opens again, and whatever can be read of it is there."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import Broken, Waiting
from device.record import rescue, suspicion
from device.record.continuation import continuation
from device.record.generations import newest
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log import EventLog
from device.record.log_verification import verify_file
from device.record.pages import PAGE
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport
from tests.device.record.rescue.conftest import DELIVERED, EVENTS, FORGOTTEN, INCIDENT, At, Open, check, spoil


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
