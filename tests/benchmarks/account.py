"""What an event costs: appended with its signature to the disk, and verified and kept by the platform."""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.receiver.contract import Contract
from central.receiver.intake import Delivery, examine
from central.receiver.ledger import Ledger
from device.host.clock import SystemClock
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.signing_key import SigningKey
from device.sync import topics
from tests.benchmarks.figure import Figure, stopwatch
from tests.simulated.reports import PLAY
from tests.simulated.signing_box import SigningBox

EVENTS = 2000
APPENDED = 300
BATCH = 256


def measure() -> Iterator[Figure]:
    """Append events on a box, verify and keep them on the platform."""
    with tempfile.TemporaryDirectory(dir=Path.cwd() / "build") as folder:
        yield from _append(Path(folder))
        yield from _receive(Path(folder))


def _append(folder: Path) -> Iterator[Figure]:
    clock = SystemClock(datetime(2026, 1, 1, tzinfo=UTC))
    key = SigningKey.create("kz-ala-0001")
    with EventLog.open(folder / "log.sqlite", "kz-ala-0001", key) as log:
        before = time.monotonic()
        for _ in range(APPENDED):
            log.append(PLAY, clock.now())
        ours = 1000 * (time.monotonic() - before) / APPENDED
        jws = log.events(0, 1)[0].jws
    with (folder / "bare").open("wb") as file:
        before = time.monotonic()
        for _ in range(APPENDED):
            file.write(jws)
            file.flush()
            os.fsync(file.fileno())
        bare = 1000 * (time.monotonic() - before) / APPENDED
    yield Figure("append, signed and on the disk", ours, "ms", "the same bytes and a bare fsync", bare)


def _receive(folder: Path) -> Iterator[Figure]:
    box = SigningBox()
    for _ in range(EVENTS):
        box.events.append(box.signed(len(box.events) + 1, box.head, report=PLAY))
    keys, contract, now = Jwks.of([box.key.public]), Contract.shipped(), datetime.now(UTC)
    topic = topics.event(box.name)
    with stopwatch() as examining:
        examined = [examine(Delivery(topic, jws), keys, contract, now) for jws in box.events]
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")
    with stopwatch() as keeping:
        for start in range(0, EVENTS, BATCH):
            ledger.keep(examined[start : start + BATCH], now)
    ledger.close()
    private = Ed25519PrivateKey.generate()
    signed = [(jws, private.sign(jws)) for jws in box.events]
    public = private.public_key()
    with stopwatch() as bare:
        for jws, signature in signed:
            public.verify(signature, jws)
    limit = EVENTS / bare.seconds
    name = "bare Ed25519 verification"
    yield Figure("verified: signature, schema", EVENTS / examining.seconds, "events/s", name, limit, True)
    yield Figure(
        "verified and kept", EVENTS / (examining.seconds + keeping.seconds), "events/s", name, limit, True
    )
