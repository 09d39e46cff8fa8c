"""A box, a platform, and what they write: real keys, real SQLite, time handed in."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from device.host.clock import Instant
from device.record.event import NO_EVENT, Clock, Event, Stamp
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.receipt import Receipt, seal_receipt
from device.record.reports import (
    CoverageReport,
    CoverageSeconds,
    CreatorName,
    IncidentReport,
    PlayReport,
    RecordingName,
    RunnerUp,
    WorkName,
)
from device.record.signed_event import hash_of, seal
from device.record.signing_key import SigningKey

settings.register_profile("busy-machine", deadline=None)  # a property is no worse for being slow to check
settings.load_profile("busy-machine")

BOX = "abay-theatre-1"
BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"
EVENING = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
MODEL, CATALOGUE = "1a" * 32, "2b" * 32


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
    return PlayReport(
        status="identified",
        kind="recording",
        recording=RecordingName("kz-000123", "KZA012600001", "Желсіз түнде жарық ай", "Р. Жұбатова", None),
        works=(WorkName("T0345246801", "Желсіз түнде жарық ай", (CreatorName("Абай", "C", "00012345678"),)),),
        start=EVENING,
        end=EVENING + timedelta(seconds=182.5),
        start_monotonic=1_000.0,
        end_monotonic=1_182.5,
        seconds_heard=171.25,
        spans=((0.0, 120.0), (131.25, 182.5)),
        reference_start=3.2,
        tempo=1.0021,
        score=0.8713,
        threshold=0.62,
        runner_up=RunnerUp("kz-000777", 0.4102),
        windows=342,
        windows_agreeing=330,
        model=MODEL,
        catalogue=CATALOGUE,
        level_dbfs=-31.4,
        snr_db=None,
        ai_generated=False,
    )


@pytest.fixture(scope="session")
def coverage() -> CoverageReport:
    return CoverageReport(
        start=EVENING,
        end=EVENING + timedelta(minutes=15),
        seconds=CoverageSeconds(900.0, 182.5, 40.0, 0.0, 0.0, None, None),
        level=None,
        model=MODEL,
        catalogue=CATALOGUE,
    )


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
