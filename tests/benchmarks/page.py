"""How long the page takes to read a year of events: 200,000 in the log, a month asked for.

The rows are one signed play and one signed coverage event, copied under other numbers and times: the page looks at times
and at what it shows, and checks no signature.
"""

import json
import sqlite3
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from device.page import month, programme, stretch
from device.page.history import History
from device.page.now import Places, look
from device.record.log import EventLog
from device.record.log_reader import LogReader
from device.record.signing_key import SigningKey
from tests.benchmarks.figure import Figure, stopwatch
from tests.device.page.house import BOX, coverage, instant, play

EVENTS = 200_000
DAYS = 400
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)

MONTH = 1.0  # s of a PC's core: a Pi 4's is some five times slower
MOMENT = 0.05  # s: asked once a second by each page that is open


def measure() -> Iterator[Figure]:
    """Measure what readers ask for."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.sqlite"
        with EventLog.open(path, BOX, SigningKey.create(BOX)) as log:  # open, as `estu listen` has it
            _fill(log, path)
            yield from _read(path)


def _read(path: Path) -> Iterator[Figure]:
    november = date(2026, 11, 1)
    with LogReader.read(path) as log, stopwatch() as watch:
        seen = month.read(History(log), november)
    assert seen.plays > 5_000
    yield Figure(
        f"a month's calendar ({seen.plays} plays of {EVENTS} events)", watch.seconds, "s", "limit", MONTH
    )
    with LogReader.read(path) as log, stopwatch() as watch:
        programme.lines(History(log).plays(stretch.month(november)))
    yield Figure("a month's report, its lines", watch.seconds, "s", "limit", MONTH)
    places = Places(
        path, path.with_name("sync.json"), path.with_name("hearing.json"), path.with_name("muted")
    )
    with stopwatch() as watch:
        for _ in range(20):
            look(places, NOW, 1_000.0)
    yield Figure("this moment", watch.seconds / 20, "s", "limit", MOMENT)


def _fill(log: EventLog, path: Path) -> None:
    for report in (play(0, NOW), coverage(NOW, 900.0)):
        log.append(report, instant(NOW))
    rows = [(event.jws, bytes.fromhex(event.hash), event.type) for event in log.events(0, 2)]
    step = timedelta(days=DAYS) / EVENTS
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        raw.execute("DROP TRIGGER event_follows_the_last")
        for number in range(EVENTS - 2):
            jws, digest, kind = rows[number % 5 == 0]  # a play four times as often
            at = NOW - timedelta(days=DAYS) + number * step
            raw.execute(
                "INSERT INTO event (seq, jws, hash, type, time) VALUES (?, ?, ?, ?, ?)",
                (number + 3, _moved(jws, at), digest, kind, f"{at:%Y-%m-%dT%H:%M:%S}.000Z"),
            )


def _moved(jws: bytes, at: datetime) -> bytes:
    """Let an event tell of another time; its signature is then worth nothing."""
    head, payload, signature = jws.split(b".")
    event = json.loads(urlsafe_b64decode(payload + b"=="))
    event["data"] |= {
        "start": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        "end": f"{at + timedelta(minutes=3):%Y-%m-%dT%H:%M:%S}.000Z",
    }
    return b".".join([head, urlsafe_b64encode(json.dumps(event).encode()).rstrip(b"="), signature])
