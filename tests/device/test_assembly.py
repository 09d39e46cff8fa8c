"""The parts put together: what must hold before the first block is heard."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.assembly import SOFTWARE_FLOOR, floor_of, recogniser
from device.errors import Refused
from device.host.clock import StreamClock
from device.record.log import EventLog
from device.record.signing_key import SigningKey
from tests.device.catalogue.made_up import reference, write_catalogue
from tests.simulated.reports import INCIDENT

BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"


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


def test_a_box_without_a_log_and_one_whose_power_went_while_it_was_made_can_start(tmp_path: Path) -> None:
    assert floor_of(tmp_path / "log.sqlite") == SOFTWARE_FLOOR
    (tmp_path / "log.sqlite").touch()
    assert floor_of(tmp_path / "log.sqlite") == SOFTWARE_FLOOR


def test_a_catalogue_of_another_model_is_refused_with_both_names(tmp_path: Path) -> None:
    write_catalogue(tmp_path, [[reference("abai", 5, 1)]])
    with pytest.raises(Refused) as refusal, recogniser(tmp_path):
        pass
    assert refusal.value.code == "catalogue-other-model"


def test_a_catalogue_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nowhere"), recogniser(tmp_path / "nowhere"):
        pass
