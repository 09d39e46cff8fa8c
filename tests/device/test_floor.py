"""The latest moment that has surely passed."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.errors import Broken
from device.floor import floor_as_known, floor_of
from device.host import clock
from device.host.clock import SOFTWARE_FLOOR, StreamClock, image_built
from device.record.log import EventLog
from device.record.signing_key import SigningKey
from tests.simulated.reports import INCIDENT

BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"


@pytest.fixture(autouse=True)
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An image that does not say how old it is, until its file is made."""
    epoch = tmp_path / "clock-epoch"
    monkeypatch.setattr(clock, "_CLOCK_EPOCH", epoch)
    return epoch


def written(path: Path, at: datetime) -> None:
    with EventLog.open(path, "abai-1", SigningKey.create("abai-1")) as log:
        log.append(INCIDENT, StreamClock(at, BOOT).now())


def test_no_time_before_the_last_event_is_believed(tmp_path: Path) -> None:
    later = datetime(2031, 1, 1, tzinfo=UTC)
    written(tmp_path / "log.sqlite", later)
    assert floor_of(tmp_path / "log.sqlite") == later


def test_nor_one_before_the_software_was_made(tmp_path: Path) -> None:
    written(tmp_path / "log.sqlite", datetime(1970, 1, 1, tzinfo=UTC))
    assert floor_of(tmp_path / "log.sqlite") == SOFTWARE_FLOOR


def test_nor_one_before_the_image_was_built(tmp_path: Path, image: Path) -> None:
    assert image_built() is None
    built = datetime(2028, 3, 1, tzinfo=UTC)
    image.touch()
    os.utime(image, (built.timestamp(), built.timestamp()))
    assert floor_of(tmp_path / "log.sqlite") == built
    os.utime(image, (0, 0))
    assert floor_of(tmp_path / "log.sqlite") == SOFTWARE_FLOOR


def test_a_box_without_a_log_and_one_whose_power_went_while_it_was_made_can_start(tmp_path: Path) -> None:
    assert floor_of(tmp_path / "log.sqlite") == SOFTWARE_FLOOR
    (tmp_path / "log.sqlite").touch()
    assert floor_of(tmp_path / "log.sqlite") == SOFTWARE_FLOOR


def test_a_ruined_log_raises_no_floor_and_stops_nobody_who_works_without_it(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").write_bytes(b"no database" * 500)
    with pytest.raises(Broken):
        floor_of(tmp_path / "log.sqlite")
    assert floor_as_known(tmp_path / "log.sqlite") >= SOFTWARE_FLOOR
