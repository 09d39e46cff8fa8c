"""What differs from the last start stands in the log, with what it was and what it is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device import settings as settings_file
from device.changes import changes
from device.host.clock import Instant
from device.record.log import EventLog
from device.record.reports import BootReport, IncidentReport, LogFound
from device.record.signing_key import SigningKey
from device.settings import Settings
from tests.simulated.reports import INCIDENT

NOW = Instant(
    datetime(2026, 11, 23, tzinfo=UTC), 10.0, "3cf6d579-34f6-4769-b05c-5739868a08d2", "synchronised", 5
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with EventLog.open(tmp_path / "log.sqlite", "abai-1", SigningKey.create("abai-1")) as opened:
        yield opened


def chosen(tmp_path: Path, venue: str = "Opera", gain: int = 40, more: str = "") -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(
        f"""
[box]
id = "abai-1"
venue = "{venue}"
hall = "Main hall"
[microphone]
gain = {gain}
{more}
[broker]
url = "mqtts://broker.example"
"""
    )
    return settings_file.load(path)


def boot(model: str = "a" * 64, catalogue: str = "b" * 64) -> BootReport:
    return BootReport("0.1", model, catalogue, None, None, LogFound(0, 0))


def start(log: EventLog, chosen: Settings, began: BootReport) -> list[IncidentReport]:
    """Begin a run as `assembly.ear` does."""
    found = list(changes(log, chosen, began))
    log.append(began, NOW)
    for report in found:
        log.append(report, NOW)
    return found


def test_a_first_start_says_what_it_begins_with(log: EventLog, tmp_path: Path) -> None:
    settings, venue = start(log, chosen(tmp_path), boot())
    assert (settings.code, venue.code) == ("settings-changed", "venue-changed")
    assert settings.detail["before"] is None
    assert settings.detail["after"]["values"]["microphone.gain"] == "40"
    assert venue.detail["after"]["values"] == {"venue": "Opera", "hall": "Main hall"}


def test_a_start_with_the_same_says_nothing(log: EventLog, tmp_path: Path) -> None:
    start(log, chosen(tmp_path), boot())
    for _ in range(3):
        assert start(log, chosen(tmp_path), boot()) == []


def test_a_turned_knob_is_named_with_what_it_was(log: EventLog, tmp_path: Path) -> None:
    start(log, chosen(tmp_path), boot())
    (changed,) = start(log, chosen(tmp_path, gain=80), boot())
    assert changed.code == "settings-changed"
    assert changed.text == "The settings changed since the last start: microphone.gain."
    assert changed.detail["changed"] == {"microphone.gain": ["40", "80"]}
    (back,) = start(log, chosen(tmp_path, gain=40), boot())
    assert back.detail["changed"] == {"microphone.gain": ["80", "40"]}


def test_a_box_that_moves_to_another_house_says_so(log: EventLog, tmp_path: Path) -> None:
    start(log, chosen(tmp_path), boot())
    (moved,) = start(log, chosen(tmp_path, venue="Philharmonic"), boot())
    assert moved.code == "venue-changed"
    assert moved.detail["changed"] == {"venue": ["Opera", "Philharmonic"]}


def test_another_catalogue_or_model_is_named_by_digest(log: EventLog, tmp_path: Path) -> None:
    start(log, chosen(tmp_path), boot())
    catalogue, model = start(log, chosen(tmp_path), boot(model="c" * 64, catalogue="d" * 64))
    assert (catalogue.code, catalogue.detail) == (
        "catalogue-changed",
        {"before": "b" * 64, "after": "d" * 64},
    )
    assert (model.code, model.detail) == ("model-changed", {"before": "a" * 64, "after": "c" * 64})


def replaced(before: str, after: str) -> IncidentReport:
    """What the listener says where a catalogue comes while it listens."""
    return IncidentReport("catalogue-changed", "It was replaced.", {"before": before, "after": after})


def test_a_catalogue_that_came_while_the_box_listened_is_not_told_again(
    log: EventLog, tmp_path: Path
) -> None:
    start(log, chosen(tmp_path), boot())
    log.append(replaced("b" * 64, "d" * 64), NOW)
    log.append(replaced("d" * 64, "e" * 64), NOW)
    assert start(log, chosen(tmp_path), boot(catalogue="e" * 64)) == []


def test_a_catalogue_that_was_put_back_while_the_box_was_off_is_told(log: EventLog, tmp_path: Path) -> None:
    start(log, chosen(tmp_path), boot())
    log.append(replaced("b" * 64, "d" * 64), NOW)
    (told,) = start(log, chosen(tmp_path), boot())
    assert told.detail == {"before": "d" * 64, "after": "b" * 64}
    assert start(log, chosen(tmp_path), boot()) == []


def test_many_incidents_do_not_hide_what_was_there_before(log: EventLog, tmp_path: Path) -> None:
    start(log, chosen(tmp_path), boot())
    for _ in range(60):
        log.append(INCIDENT, NOW)
    assert start(log, chosen(tmp_path), boot()) == []


def test_settings_too_long_for_an_event_are_told_by_their_digest(log: EventLog, tmp_path: Path) -> None:
    long = "\n".join(f'{key} = "{"п" * 300}"' for key in ("device",))
    paths = "\n[paths]\n" + "\n".join(
        f'{key} = "/{"ж" * 300}"' for key in ("log", "catalogue", "signing_key", "runtime")
    )
    (begun, _) = start(log, chosen(tmp_path, more=long + paths), boot())
    (changed,) = start(log, chosen(tmp_path, gain=50, more=long + paths), boot())
    assert begun.detail["after"]["digest"] != changed.detail["after"]["digest"]
    assert start(log, chosen(tmp_path, gain=50, more=long + paths), boot()) == []
