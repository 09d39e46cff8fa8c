"""Real processes on one log: killed at any moment, and all three at once."""

import json
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from device.errors import EstuError
from device.host.clock import Instant
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.log_verification import verify_file
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport
from device.record.signed_event import hash_of
from device.record.signing_key import SigningKey

At = Callable[[float], Instant]
INCIDENT = IncidentReport("microphone-lost", "Gone.", {"usb": "1-1.2"})
BOX = "abay-theatre-1"
KILLS = 25

_fork = get_context("fork")  # a new process of its own, without the seconds that imports take


@contextmanager
def running(task: Callable[[], None]) -> Iterator[int]:
    """Run a task in a process of its own until it ends or the test is over."""

    def run() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        task()

    process = _fork.Process(target=run)
    process.start()
    assert process.pid is not None
    try:
        yield process.pid
        process.join(240)
        assert process.exitcode in (0, -signal.SIGKILL)
    finally:
        if process.is_alive():
            process.kill()
            process.join()


def append_for_ever(path: Path, key: SigningKey, at: At, out: int) -> None:
    """Append, and report each number and hash once it is committed."""
    with EventLog.open(path, BOX, key) as log:
        while True:
            place = log.append(INCIDENT, at(0))
            os.write(out, f"{json.dumps([place.seq, place.hash])}\n".encode())


def test_nothing_reported_is_lost_however_often_the_writer_is_killed(
    tmp_path: Path, box_key: SigningKey, boxes: Jwks, at: At
) -> None:
    path = tmp_path / "log.db"
    reported: list[list[object]] = []
    moments = random.Random(7)
    for _ in range(KILLS):
        read, write = os.pipe()
        with running(lambda out=write: append_for_ever(path, box_key, at, out)) as pid:  # type: ignore[misc]
            os.close(write)
            with os.fdopen(read) as lines:
                reported += [json.loads(lines.readline()) for _ in range(moments.randint(1, 5))]
                time.sleep(moments.uniform(0, 0.04))
                os.kill(pid, signal.SIGKILL)
                reported += [json.loads(line) for line in lines if line.endswith("\n")]

    assert verify_file(path, boxes, None).sound
    with EventLog.read(path) as log:
        kept = [[stored.seq, hash_of(stored.jws)] for stored in log.events(0, 1_000_000)]
    assert len(reported) > 2 * KILLS  # they died at work, not at the start
    assert [entry for entry in reported if entry not in kept] == []
    assert len(kept) - len(reported) <= KILLS  # at most the one that was committed and not yet reported
    with EventLog.open(path, BOX, box_key) as log:
        assert log.opening.whole
        assert log.opening.events == len(kept)


def test_a_write_ahead_log_cut_at_any_byte_leaves_a_whole_chain(
    tmp_path: Path, box_key: SigningKey, boxes: Jwks, at: At
) -> None:
    """A card that loses its last sectors though it said they were written: what is left is a shorter, whole chain."""
    path, cut = tmp_path / "log.db", tmp_path / "cut"
    with EventLog.open(path, BOX, box_key) as log:
        for second in range(6):
            log.append(INCIDENT, at(second))
        wal = path.with_name("log.db-wal").read_bytes()
        main = path.read_bytes()
    moments = random.Random(11)
    lengths = [len(wal), *(moments.randrange(len(wal)) for _ in range(20))]
    left = []
    for length in sorted(lengths):
        shutil.rmtree(cut, ignore_errors=True)
        cut.mkdir()
        (cut / "log.db").write_bytes(main)
        (cut / "log.db-wal").write_bytes(wal[:length])
        with EventLog.open(cut / "log.db", BOX, box_key) as log:
            assert log.opening.whole
            left.append(log.opening.events)
            assert log.append(INCIDENT, at(20)).seq == log.opening.events + 1
        assert verify_file(cut / "log.db", boxes, None).sound
    assert left == sorted(left)
    assert left[-1] == 6


def append_some(path: Path, key: SigningKey, at: At, number: int) -> None:
    with EventLog.open(path, BOX, key) as log:
        for second in range(number):
            log.append(INCIDENT, at(second))
            if second % 40 == 39:
                log.forget(at(second - 20).utc, at(second))


def receipt_all(path: Path, platform: Jwks, receipt_for: Callable[..., bytes], number: int) -> None:
    with ReceiptLedger.open(path) as ledger:
        while ledger.receipt_through() < number:
            head = ledger.head()
            if head is not None:
                ledger.keep_receipt(receipt_for(head.seq, head.hash), platform)


def read_until_receipted(path: Path, number: int) -> None:
    with EventLog.read(path) as log:
        while log.receipt_through() < number:
            with log.standing_still():
                events = log.events(log.anchor().seq, 100)
                assert [event.event.prev for event in events[1:]] == [event.hash for event in events[:-1]]
                assert 0 <= log.waiting() <= number
            log.latest(IncidentReport, 5)


def test_the_three_processes_work_on_one_log_without_waiting_in_vain(
    tmp_path: Path,
    box_key: SigningKey,
    boxes: Jwks,
    platform: Jwks,
    at: At,
    receipt_for: Callable[..., bytes],
) -> None:
    path, number = tmp_path / "log.db", 300
    EventLog.open(path, BOX, box_key).close()
    with (
        running(lambda: read_until_receipted(path, number)),
        running(lambda: receipt_all(path, platform, receipt_for, number)),
        running(lambda: append_some(path, box_key, at, number)),
    ):
        pass
    verification = verify_file(path, boxes, platform)
    assert verification.sound
    assert verification.last is not None
    assert (verification.last.seq, verification.beyond_receipt) == (number, 0)


def test_two_writers_by_mistake_still_make_one_chain(
    tmp_path: Path, box_key: SigningKey, boxes: Jwks, at: At
) -> None:
    path = tmp_path / "log.db"
    EventLog.open(path, BOX, box_key).close()
    with (
        running(lambda: append_some(path, box_key, at, 40)),
        running(lambda: append_some(path, box_key, at, 40)),
    ):
        pass
    verification = verify_file(path, boxes, None)
    assert (verification.sound, verification.events) == (True, 80)


def fill_the_file(path: Path, key: SigningKey, at: At) -> None:
    """Append until the system takes no more bytes into a file, as where a quota ends."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    append_for_ever(path, key, at, os.open(os.devnull, os.O_WRONLY))


def test_a_file_that_takes_no_more_bytes_leaves_a_whole_log(
    tmp_path: Path, box_key: SigningKey, boxes: Jwks, at: At
) -> None:
    path = tmp_path / "log.db"

    def task() -> None:
        try:
            fill_the_file(path, box_key, at)
        except EstuError as error:
            (tmp_path / "error").write_text(error.code)

    with running(task):
        pass
    assert (tmp_path / "error").read_text() in {"log-disk", "disk-full"}
    assert verify_file(path, boxes, None).sound
    with EventLog.open(path, BOX, box_key) as log:
        assert log.opening.whole
        assert log.opening.events > 10
        log.append(INCIDENT, at(900))
