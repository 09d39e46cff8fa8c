"""A box, a platform, and what they write: real keys, real SQLite, time handed in."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.host.clock import Instant
from device.record.event import NO_EVENT, Clock, Event, Stamp
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.receipt import Receipt, seal_receipt
from device.record.reports import CoverageReport, IncidentReport, PlayReport
from device.record.signed_event import hash_of, seal
from device.record.signing_key import SigningKey
from tests.simulated.reports import COVERAGE, PLAY

BOX = "abay-theatre-1"
BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"
EVENING = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def box_key() -> SigningKey:
    return SigningKey.create(BOX)


@pytest.fixture(scope="session")
def platform_key() -> SigningKey:
    return SigningKey.create(None)


@pytest.fixture(scope="session")
def boxes(box_key: SigningKey) -> Jwks:
    return Jwks.of([box_key.public])


@pytest.fixture(scope="session")
def platform(platform_key: SigningKey) -> Jwks:
    return Jwks.of([platform_key.public])


@pytest.fixture(scope="session")
def at() -> Callable[[float], Instant]:
    """Give the instant so many seconds into the evening."""

    def instant(seconds: float) -> Instant:
        return Instant(EVENING + timedelta(seconds=seconds), 1_000.0 + seconds, BOOT, "synchronised", 12)

    return instant


@pytest.fixture(scope="session")
def play() -> PlayReport:
    end = EVENING + timedelta(seconds=182.5)
    return replace(PLAY, start=EVENING, end=end, snr_db=None, model="1a" * 32, catalogue="2b" * 32)


@pytest.fixture(scope="session")
def coverage() -> CoverageReport:
    return replace(COVERAGE, start=EVENING, end=EVENING + timedelta(minutes=15), level=None)


@pytest.fixture(scope="session")
def chain_of(box_key: SigningKey) -> Callable[..., list[bytes]]:
    """Make signed, chained events without a log, as any box or forger can who has a key."""

    def chain(length: int, key: SigningKey = box_key, code: str = "microphone-lost") -> list[bytes]:
        events: list[bytes] = []
        for seq in range(1, length + 1):
            prev = hash_of(events[-1]) if events else NO_EVENT
            stamp = Stamp(Clock("synchronised", 12), BOOT, 1_000.0 + seq)
            report = IncidentReport(code, "The microphone went away.", {"usb": "1-1.2"})
            event = Event(key.box or "nobody", seq, prev, EVENING + timedelta(seconds=seq), report, stamp)
            events.append(seal(event, key))
        return events

    return chain


@pytest.fixture(scope="session")
def receipt_for(platform_key: SigningKey) -> Callable[..., bytes]:
    """Give the platform's receipt for an event."""

    def receipt(through: int, head: str, box: str = BOX, key: SigningKey = platform_key) -> bytes:
        return seal_receipt(Receipt(box, through, head, EVENING + timedelta(hours=1, seconds=through)), key)

    return receipt


@pytest.fixture
def log(tmp_path: Path, box_key: SigningKey) -> Iterator[EventLog]:
    with EventLog.open(tmp_path / "log.db", BOX, box_key) as opened:
        yield opened
