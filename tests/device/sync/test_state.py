"""What `estu sync` leaves for page, light and status to read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.errors import Waiting
from device.sync.state import StateFile, SyncState, read
from device.trouble import Trouble

NOW = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
TROUBLE = Trouble.of(Waiting("broker-away", "broker:8883 cannot be reached.", "Wait."))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sync.json"


def test_what_is_reported_is_read(path: Path) -> None:
    StateFile(path).report(False, "broker:8883", TROUBLE, NOW, 100.0)
    assert read(path) == SyncState(False, "broker:8883", NOW, TROUBLE, NOW, TROUBLE, NOW)


def test_nothing_is_written_while_nothing_changes_but_for_a_sign_of_life(path: Path) -> None:
    state = StateFile(path)
    written = []
    for second in range(0, 200, 10):
        state.report(True, "broker:8883", None, NOW + timedelta(seconds=second), 100.0 + second)
        found = read(path)
        assert found is not None
        written.append((found.written - NOW).total_seconds())
    assert sorted(set(written)) == [0, 60, 120, 180]


def test_a_change_is_written_at_once_and_since_says_when_it_began(path: Path) -> None:
    state = StateFile(path)
    state.report(True, "broker:8883", None, NOW, 100.0)
    for second in (1, 2, 3):
        state.report(False, "broker:8883", TROUBLE, NOW + timedelta(seconds=second), 100.0 + second)
    found = read(path)
    assert found is not None
    assert (found.connected, found.trouble, found.since) == (False, TROUBLE, NOW + timedelta(seconds=1))


def test_a_clock_that_was_set_back_does_not_silence_the_sign_of_life(path: Path) -> None:
    state = StateFile(path)
    state.report(True, "broker:8883", None, NOW, 100.0)
    state.report(True, "broker:8883", None, NOW - timedelta(days=1), 101.0)
    found = read(path)
    assert found is not None
    assert found.written == NOW - timedelta(days=1)


@pytest.mark.parametrize("years", [-56, 56])
def test_a_clock_that_is_set_takes_the_beginning_along(path: Path, years: int) -> None:
    state, set_to = StateFile(path), NOW + timedelta(days=365 * years)
    state.report(True, "broker:8883", None, NOW, 100.0)
    state.report(True, "broker:8883", None, set_to, 130.0)
    found = read(path)
    assert found is not None
    assert (found.since, found.written) == (set_to - timedelta(seconds=30), set_to)


def test_the_last_trouble_is_remembered_when_all_is_well_again(path: Path) -> None:
    state = StateFile(path)
    state.report(False, "broker:8883", TROUBLE, NOW, 100.0)
    state.report(True, "broker:8883", None, NOW + timedelta(seconds=9), 109.0)
    found = read(path)
    assert found is not None
    assert (found.trouble, found.last_trouble, found.troubled) == (None, TROUBLE, NOW)


def test_a_state_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    StateFile(tmp_path / "no such folder" / "sync.json").report(True, "broker:8883", None, NOW, 100.0)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"connected": 1}', b"\xff" * 100_000])
def test_a_state_that_is_none_is_read_as_none(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert read(path) is None


def test_before_the_first_report_there_is_none(path: Path) -> None:
    assert read(path) is None
