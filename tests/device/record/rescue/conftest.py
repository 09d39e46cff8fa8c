"""A log with events in its file and in its write-ahead log, to be spoilt, and what must hold of it afterwards."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import Waiting
from device.host.clock import Instant
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log import EventLog
from device.record.log_verification import verify_file
from device.record.pages import signed_texts
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
