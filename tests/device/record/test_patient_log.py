"""A card that is full, or fails for a while: every event is written in the end, in its order, with its own time."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import Broken, Refused, Waiting
from device.host.clock import Instant
from device.record import limits, suspicion
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log import EventLog
from device.record.log_verification import verify_file
from device.record.patient_log import PatientLog
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport
from device.record.room import Room, Thresholds
from device.record.signing_key import SigningKey

At = Callable[[float], Instant]
BOX = "abay-theatre-1"
BIG = IncidentReport("microphone-lost", "Gone.", {"words": "x" * 3_000})
SMALL = Thresholds(low=400_000, least=40_000, reserve=200_000)


class Card:
    """A card of a few hundred kilobytes: what SQLite may write is what is left of it."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        self.log: PatientLog | None = None

    def free(self, _folder: Path) -> int:
        return max(0, self.size - sum(file.stat().st_size for file in self.folder.iterdir()))

    def limit(self) -> None:
        """Let the file grow by what is free, and no further."""
        assert self.log is not None
        self.log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        (pages,) = self.log._connection.execute("PRAGMA page_count").fetchone()
        self.log._connection.execute(f"PRAGMA max_page_count = {pages + self.free(self.folder) // 4_096}")


@pytest.fixture
def card(tmp_path: Path) -> Card:
    folder = tmp_path / "card"
    folder.mkdir()
    return Card(folder, 2_000_000)


@pytest.fixture
def log(card: Card, box_key: SigningKey) -> Iterator[PatientLog]:
    room = Room(card.folder / "log.db", SMALL, card.free)
    with PatientLog.open(card.folder / "log.db", BOX, box_key, room) as opened:
        card.log = opened
        yield opened


def fill(log: PatientLog, card: Card, at: At, events: int, start: int = 0) -> None:
    for second in range(start, start + events):
        card.limit()
        log._looked = None
        log.append(replace(BIG, detail={"second": second, "words": "x" * 3_000}), at(second))


def codes(log: EventLog) -> list[str]:
    reports = [stored.event.report for stored in log.events(0, 10_000)]
    return [report.code for report in reports if isinstance(report, IncidentReport)]


def receipt_up_to(log: EventLog, through: int, platform: Jwks, receipt_for: Callable[..., bytes]) -> None:
    link = log.at(through)
    assert link is not None
    with ReceiptLedger.open(log.path) as ledger:
        ledger.keep_receipt(receipt_for(link.seq, link.hash), platform)


def test_a_full_card_loses_no_undelivered_event_and_hearing_goes_on(
    log: PatientLog, card: Card, at: At, boxes: Jwks
) -> None:
    fill(log, card, at, 600)
    assert log.held > 0
    assert log.trouble is not None
    assert log.trouble.code == "disk-full"
    written = log.count()
    assert written + log.held == 600
    card.size *= 3
    fill(log, card, at, 1, start=600)
    assert (log.held, log.trouble) == (0, None)
    seconds = [s.event.report.detail.get("second") for s in log.events(0, 1_000)]  # type: ignore[union-attr]
    assert [second for second in seconds if second is not None] == list(range(601))
    assert codes(log).count("log-full") == 1
    assert [s.event.stamp.monotonic for s in log.events(0, 601)] == [
        1_000.0 + second for second in range(601)
    ]
    assert verify_file(log.path, boxes, None).sound


def test_delivered_events_make_room_before_their_time_oldest_first(
    log: PatientLog, card: Card, at: At, platform: Jwks, receipt_for: Callable[..., bytes], boxes: Jwks
) -> None:
    start = 0
    for _ in range(12):
        fill(log, card, at, 100, start)
        start += 100
        receipt_up_to(log, start - 10, platform, receipt_for)
        log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert log.held == 0
    assert log.trouble is None
    assert "log-full" not in codes(log)
    anchor = log.anchor().seq
    assert 0 < anchor <= start - 10
    assert [stored.seq for stored in log.events(0, 10_000)] == list(range(anchor + 1, start + 1))
    assert verify_file(log.path, boxes, platform).sound


def test_the_reserve_is_given_up_when_the_card_is_full_and_kept_again_when_it_is_not(
    log: PatientLog, card: Card, at: At, platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    reserve = card.folder / "log.db-reserve"
    fill(log, card, at, 1)
    assert reserve.stat().st_size == SMALL.reserve
    fill(log, card, at, 600, start=1)
    assert not reserve.exists()
    card.size *= 3
    fill(log, card, at, 1, start=700)
    assert reserve.exists()


def test_what_does_not_fit_into_memory_either_is_counted_and_told(
    log: PatientLog, card: Card, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HELD_EVENTS", 5)
    fill(log, card, at, 600)
    assert log.held == 5
    lost = 600 - 5 - log.count()
    card.size *= 3
    fill(log, card, at, 1, start=700)
    last = log.last()
    assert last is not None
    report = last.event.report
    assert isinstance(report, IncidentReport)
    assert (report.code, report.detail) == ("log-full", {"waited": 5, "lost": lost + 1})


def test_an_event_off_the_contract_is_refused_and_holds_up_nobody(
    log: PatientLog, card: Card, at: At
) -> None:
    with pytest.raises(Refused):
        log.append(replace(BIG, code="NO CODE"), at(0))
    fill(log, card, at, 2)
    assert (log.held, log.count()) == (0, 2)


def test_a_log_that_is_damaged_while_it_is_written_goes_on_in_another_file(
    log: PatientLog, card: Card, at: At, boxes: Jwks
) -> None:
    for second in range(50):
        log.append(BIG, at(second))
    log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with log.path.open("r+b") as file:
        file.seek(4_096)
        file.write(os.urandom(log.path.stat().st_size - 4_096))
    log._connection.execute("PRAGMA shrink_memory")
    for second in range(50, 60):
        log.append(BIG, at(second))
    assert log.path.name == "log.2.db"
    assert codes(log) == ["log-continued", "log-damaged", *["microphone-lost"] * 10]
    assert [bridge.numbers for bridge in log.losses()] == [range(1, 51)]
    assert verify_file(log.path, boxes, None).fault is None


def test_a_service_that_ends_with_a_damaged_log_leaves_word_to_its_next_start(
    log: PatientLog, card: Card, at: At, box_key: SigningKey
) -> None:
    path = card.folder / "log.db"
    with pytest.raises(Broken), suspicion.left_behind(path):  # noqa: PT012 - the second is what is tested
        log.append(BIG, at(0))
        raise Broken("log-corrupt", "A page cannot be read.", "Keep it.")
    assert suspicion.read(path) == "A page cannot be read."
    log.append(BIG, at(61))
    assert suspicion.read(path) is None  # it was looked at, and nothing was wrong
    assert (log.count(), log.path) == (2, path)


def on_a_small_filesystem(folder: Path, key: SigningKey, at: At) -> None:
    """Fill a real file system of 4 MB, free some of it, and go on; exit with 0 if all went well."""
    thresholds = Thresholds(low=600_000, least=80_000, reserve=300_000)
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    with PatientLog.open(folder / "log.db", BOX, key, Room(folder / "log.db", thresholds)) as log:
        second = 0
        while not log.held and second < 2_000:
            second += 1
            log.append(BIG, at(second * 61))
        assert log.held
        assert log.trouble
        held = log.held
        for _ in range(20):
            second += 1
            log.append(BIG, at(second * 61))
        assert log.held == held + 20
    with PatientLog.open(folder / "log.db", BOX, key, Room(folder / "log.db", thresholds)) as log:
        assert log.opening.whole
        log.append(BIG, at(second * 61 + 61))
        assert log.held
        ballast.unlink()
        log.append(BIG, at(second * 61 + 122))
        assert (log.held, log.trouble) == (0, None)


_MOUNT = "import ctypes,sys;l=ctypes.CDLL(None,use_errno=True);sys.exit(0 if l.unshare(0x10020000)==0 else 1)"


@pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", _MOUNT], check=False).returncode != 0,
    reason="the kernel lets nobody without privileges mount a file system of his own",
)
def test_on_a_real_file_system_that_is_full(tmp_path: Path, box_key: SigningKey, at: At) -> None:
    small = tmp_path / "small"
    small.mkdir()
    libc = __import__("ctypes").CDLL(None, use_errno=True)

    def task() -> None:
        uid, gid = os.getuid(), os.getgid()
        assert libc.unshare(0x10020000) == 0  # CLONE_NEWUSER | CLONE_NEWNS
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        assert libc.mount(b"tmpfs", bytes(small), b"tmpfs", 0, b"size=4m") == 0, "no tmpfs"
        on_a_small_filesystem(small, box_key, at)

    process = multiprocessing.get_context("fork").Process(target=task)
    process.start()
    process.join(120)
    assert process.exitcode == 0


def test_where_a_file_may_not_grow_events_wait_as_well(
    tmp_path: Path, box_key: SigningKey, at: At, boxes: Jwks
) -> None:
    """A quota ends with an error of its own (EFBIG), and not with a full disk."""
    path = tmp_path / "log.db"

    def task() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        with PatientLog.open(path, BOX, box_key, Room(path, SMALL, lambda _: 10_000_000)) as log:
            for second in range(200):
                log.append(BIG, at(second))
            assert log.held
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            log.append(BIG, at(300))
            assert log.held == 0
            assert codes(log).count("microphone-lost") == 201

    process = multiprocessing.get_context("fork").Process(target=task)
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert verify_file(path, boxes, None).sound


def test_a_card_without_any_room_is_named_at_the_start(tmp_path: Path, box_key: SigningKey) -> None:
    full = Waiting("disk-full", "Full.", "Empty it.")
    given_up: list[bool] = []

    class Full(Room):
        def give_up_reserve(self) -> bool:
            given_up.append(True)
            return False

    def refuse(*_: object) -> Link:
        raise full

    path = tmp_path / "log.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventLog, "_opened", refuse)
        with pytest.raises(Waiting) as waiting:
            PatientLog.open(path, BOX, box_key, Full(path))
    assert waiting.value is full
    assert given_up == [True]
