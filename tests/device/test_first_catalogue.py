"""A box without a catalogue: it waits, says so, and begins when one has come."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device import first_catalogue, hearing
from device.bulletin import Bulletin
from device.catalogue.manifest import MANIFEST
from device.host import service
from device.host.clock import StreamClock


class Stop(threading.Event):
    """A second's wait, in which something happens instead."""

    def __init__(self, *happens: object) -> None:
        super().__init__()
        self.happens: Iterator[object] = iter(happens)

    def wait(self, _seconds: float | None = None) -> bool:
        step = next(self.happens)
        if callable(step):
            step()
        return self.is_set()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the service manager hears."""
    said: list[str] = []
    monkeypatch.setattr(service, "_notify", said.append)
    monkeypatch.setattr(service, "alive", lambda: said.append("alive"))
    return said


@pytest.fixture
def bulletin(tmp_path: Path) -> Bulletin:
    return Bulletin(tmp_path / "hearing.json", StreamClock(datetime(2026, 11, 22, tzinfo=UTC), "boot"))


def test_a_box_waits_for_its_first_catalogue_and_begins_when_it_has_come(
    tmp_path: Path, told: list[str], bulletin: Bulletin
) -> None:
    folder = tmp_path / "catalogue"
    shown: list[hearing.Hearing | None] = []

    def look() -> None:
        shown.append(hearing.read(tmp_path / "hearing.json"))

    def arrive() -> None:
        folder.mkdir()
        (folder / MANIFEST).write_text("{}")

    assert first_catalogue.wait(folder, bulletin, Stop(look, None, arrive))
    assert told[0].startswith("READY=1")
    assert told.count("alive") == 3
    assert shown[0] is not None
    assert shown[0].trouble is not None
    assert (shown[0].state, shown[0].trouble.code) == ("starting", "catalogue-awaited")


def test_waiting_for_a_catalogue_ends_when_the_service_does(
    tmp_path: Path, told: list[str], bulletin: Bulletin
) -> None:
    def end() -> None:
        stop.set()

    stop = Stop(None, end)
    assert not first_catalogue.wait(tmp_path / "none", bulletin, stop)


def test_a_box_with_a_catalogue_does_not_wait(tmp_path: Path, told: list[str], bulletin: Bulletin) -> None:
    (tmp_path / MANIFEST).write_text("not even JSON")
    assert first_catalogue.wait(tmp_path, bulletin, Stop())
    assert not told
