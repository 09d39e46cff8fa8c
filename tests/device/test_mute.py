"""The mute switch: a file that is there or not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.mute import Mute, clear, read, set_mute

EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)


def test_a_box_is_muted_from_the_switch_to_its_release(tmp_path: Path) -> None:
    path = tmp_path / "muted"
    assert read(path) is None
    set_mute(path, "page", EVENING)
    assert read(path) == Mute(EVENING, "page")
    clear(path)
    assert read(path) is None
    clear(path)


def test_who_muted_first_stands_there(tmp_path: Path) -> None:
    set_mute(tmp_path / "muted", "button", EVENING)
    set_mute(tmp_path / "muted", "page", EVENING + timedelta(minutes=1))
    assert read(tmp_path / "muted") == Mute(EVENING, "button")


@pytest.mark.parametrize("content", [b"", b"touched by hand", b'{"by": "nobody"}', b"\xff"])
def test_when_in_doubt_the_box_does_not_listen(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "muted"
    path.write_bytes(content)
    assert read(path) == Mute(None, None)


def test_a_switch_that_cannot_be_read_mutes(tmp_path: Path) -> None:
    (tmp_path / "muted").mkdir()
    assert read(tmp_path / "muted") == Mute(None, None)
