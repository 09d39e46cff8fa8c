"""What `estu status` knows: also of a card that fails, and of what was wrong on the way."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from device.errors import Waiting
from device.host.clock import Instant
from device.record import head_mark
from device.record.log import EventLog
from device.record.notice import Notice, Words
from device.record.signing_key import SigningKey
from device.status import in_words, read
from device.sync.state import StateFile
from device.sync.updates.state import UpdateState
from device.trouble import Trouble
from tests.simulated.reports import COVERAGE, INCIDENT, PLAY

BOX = "kz-ala-0001"
NOW = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
AT = Instant(NOW, 100.0, "3cf6d579-34f6-4769-b05c-5739868a08d2", "synchronised", 12)
TROUBLE = Trouble("broker-away", "broker:8883 cannot be reached.", "Wait.")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with EventLog.open(tmp_path / "log.sqlite", BOX, SigningKey.create(BOX)) as opened:
        yield opened


def test_before_the_box_has_listened_there_is_nothing_to_say(tmp_path: Path) -> None:
    with pytest.raises(Waiting) as waiting:
        read(tmp_path / "log.sqlite", tmp_path / "sync.json")
    assert waiting.value.code == "log-absent"


def test_a_well_box_says_what_it_heard_and_what_waits(log: EventLog, tmp_path: Path) -> None:
    for report in (PLAY, COVERAGE, INCIDENT):
        log.append(report, AT)
    found = read(log.path, tmp_path / "sync.json")
    assert (found.events, found.head, found.waiting, found.receipt, found.receipted) == (3, 3, 3, 0, None)
    assert (found.lost, found.damaged, found.sync) == (0, 0, None)
    assert found.free_bytes > 0
    words = "\n".join(in_words(found, NOW + timedelta(minutes=5)))
    assert PLAY.recording.title in words
    assert "lost" not in words
    assert "receipted 0 of 3 (never)" in words


def test_a_card_that_lost_events_is_named(tmp_path: Path) -> None:
    key, path = SigningKey.create(BOX), tmp_path / "log.sqlite"
    with EventLog.open(path, BOX, key) as log:
        for _ in range(5):
            log.append(INCIDENT, AT)
    path.unlink()
    assert head_mark.read(path) is not None
    with EventLog.open(path, BOX, key) as log:
        log.append(INCIDENT, AT)
        found = read(path, tmp_path / "sync.json")
    assert (found.lost, found.head, found.waiting) == (5, 7, 2)
    assert any("lost 5 events" in line and "replace the card" in line for line in in_words(found, NOW))


def test_what_the_platform_has_to_say_is_told(log: EventLog, tmp_path: Path) -> None:
    log.append(INCIDENT, AT)
    text = Words("Техник сейсенбіде келеді.", "Техник придёт во вторник.", "A technician comes on Tuesday.")
    notice = Notice(BOX, "visit-7", NOW - timedelta(hours=3), None, "visit", text)
    found = read(log.path, tmp_path / "sync.json", [notice])
    told = "The platform says (3 hours ago): A technician comes on Tuesday. [visit]"
    assert told in in_words(found, NOW)
    assert json.loads(msgspec.json.encode(found))["notices"][0]["text"]["kk"] == text.kk


def test_the_last_trouble_on_the_way_is_told_after_it_is_over(log: EventLog, tmp_path: Path) -> None:
    log.append(INCIDENT, AT)
    state = StateFile(tmp_path / "sync.json")
    state.report(False, "broker:8883", TROUBLE, NOW - timedelta(hours=3), 100.0)
    assert any(TROUBLE.message in line for line in in_words(read(log.path, tmp_path / "sync.json"), NOW))
    state.report(True, "broker:8883", None, NOW - timedelta(hours=2), 3_700.0)
    words = in_words(read(log.path, tmp_path / "sync.json"), NOW)
    assert "Connected to broker:8883." in words
    assert any(TROUBLE.message in line and "3 hours ago" in line for line in words)


def test_how_updates_go_is_told_in_words(log: EventLog, tmp_path: Path) -> None:
    trouble = Trouble("updates-expired", "What the server offers has expired.", "The box keeps what it has.")
    updates = UpdateState(
        server="updates.example:443",
        written=NOW,
        checked=NOW - timedelta(hours=3),
        catalogue=7,
        created="2026-06-30T00:00:00Z",
        system="2027.1",
        taken=2_500_000,
        trouble=trouble,
    )
    words = "\n".join(in_words(read(log.path, tmp_path / "sync.json", updates=updates), NOW))
    assert "catalogue 7 of 2026-06-30T00:00:00Z, checked 3 hours ago" in words
    assert "2.5 MB so far" in words
    assert "System 2027.1" in words
    assert "What the server offers has expired. The box keeps what it has." in words
    assert "Updates" not in "\n".join(in_words(read(log.path, tmp_path / "sync.json"), NOW))
