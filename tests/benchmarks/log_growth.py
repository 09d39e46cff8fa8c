"""The box's log as it grows: a year of events is opened, appended to and read as fast as a new one.

python -m tests.benchmarks log_growth
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from device.host.clock import Instant
from device.record.event import Clock, Event, Stamp, encode
from device.record.field import Moment
from device.record.link import START, Link
from device.record.log import EventLog
from device.record.log_file import connect_to_write, transaction
from device.record.signature import EVENT_TYP, sign
from device.record.signing_key import SigningKey
from tests.benchmarks.figure import Figure
from tests.simulated.reports import COVERAGE, PLAY

BOX = "kz-ala-0001"
BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = 200_000  # events
APPENDED = 200
LIMIT_SECONDS = 1.0  # to open a year


def measure() -> Iterator[Figure]:
    """Open, append to and read logs of a day and of a year."""
    with tempfile.TemporaryDirectory(dir=Path.cwd() / "build") as folder:
        yield from growth(Path(folder))


def growth(folder: Path, year: int = YEAR) -> Iterator[Figure]:
    """Measure in a folder on the disk that is meant.

    Args:
        folder: Empty.
        year: Events in the long log.
    """
    key = SigningKey.create(BOX)
    day, long = folder / "day.sqlite", folder / "year.sqlite"
    EventLog.open(day, BOX, key).close()
    fill(long, key, year)
    opened = _seconds_to_open(long, key)
    yield Figure(f"opening {year:,} events, nothing cached", opened, "s", "the limit", LIMIT_SECONDS)
    short_append, long_append = _milliseconds_to_append(day, key), _milliseconds_to_append(long, key)
    yield Figure(f"append behind {year:,} events", long_append, "ms", "append to an empty log", short_append)
    yield Figure(
        "append to an empty log", short_append, "ms", "the same bytes and a bare fsync", _bare(folder)
    )


def fill(path: Path, key: SigningKey, events: int) -> None:
    """Write a log of many events at once, each signed and chained as a box does it."""
    EventLog.open(path, BOX, key).close()
    connection = connect_to_write(path)
    place = START
    with transaction(connection):
        for number in range(1, events + 1):
            report = PLAY if number % 2 else COVERAGE
            at = BEGIN + timedelta(seconds=157 * number)
            stamp = Stamp(Clock("synchronised", 12), BOOT, 157.0 * number)
            jws = sign(encode(Event(BOX, number, place.hash, at, report, stamp)), EVENT_TYP, key)
            digest = hashlib.sha256(jws)
            kind = "kz.estu.play.v1" if number % 2 else "kz.estu.coverage.v1"
            connection.execute(
                "INSERT INTO event (seq, jws, hash, type, time) VALUES (?, ?, ?, ?, ?)",
                (number, jws, digest.digest(), kind, Moment().write(at, "time")),
            )
            place = Link(number, digest.hexdigest())
    connection.close()


def _seconds_to_open(path: Path, key: SigningKey) -> float:
    with path.open("rb") as file:  # what the system keeps of it in memory is let go
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    before = time.monotonic()
    EventLog.open(path, BOX, key).close()
    return time.monotonic() - before


def _milliseconds_to_append(path: Path, key: SigningKey) -> float:
    with EventLog.open(path, BOX, key) as log:
        log.append(PLAY, _at(0))
        before = time.monotonic()
        for number in range(APPENDED):
            log.append(PLAY, _at(number))
        return 1000 * (time.monotonic() - before) / APPENDED


def _bare(folder: Path) -> float:
    jws = os.urandom(1_500)
    with (folder / "bare").open("wb") as file:
        before = time.monotonic()
        for _ in range(APPENDED):
            file.write(jws)
            file.flush()
            os.fsync(file.fileno())
        return 1000 * (time.monotonic() - before) / APPENDED


def _at(number: int) -> Instant:
    return Instant(BEGIN + timedelta(days=400, seconds=number), float(number), BOOT, "synchronised", 12)
