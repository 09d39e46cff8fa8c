"""What is heard now, told to the page and the light by a file that is whole at each moment."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.errors import Waiting
from device.hearing import Hearing, Sounding, read, write
from device.trouble import Trouble

EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
HEARING = Hearing(
    "hearing", EVENING, -41.5, -22.0, -63.5, "USB PnP Sound Device",
    (Sounding("kz-000123", "Желсіз түнде жарық ай", "Р. Жұбатова", EVENING, "identified"),),
    "synchronised", Trouble.of(Waiting("a-trouble", "Something is away.", "Wait.")), EVENING,
)  # fmt: skip


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(tmp_path / "hearing.json", HEARING)
    assert read(tmp_path / "hearing.json") == HEARING
    assert [path.name for path in tmp_path.iterdir()] == ["hearing.json"]


def test_others_may_read_it(tmp_path: Path) -> None:
    write(tmp_path / "hearing.json", HEARING)
    assert (tmp_path / "hearing.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("content", [b"", b"{", b'{"state": "dancing"}', b"\xff", b"[]"])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hearing.json"
    assert read(path) is None
    path.write_bytes(content)
    assert read(path) is None


def test_a_box_that_cannot_say_what_it_hears_goes_on_hearing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "nowhere" / "hearing.json", HEARING)
    assert "nowhere" in caplog.text
