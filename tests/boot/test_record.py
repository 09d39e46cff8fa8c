"""The record of a card's writes, and what a card with a write cache keeps of them. The boots themselves are `make boot-test`."""

import struct
from pathlib import Path
from random import Random

import pytest

from tests.boot.record import SECTOR, Write, after_a_cut, read


def written(path: Path, entries: list[tuple[int, bytes, int]]) -> None:
    """Write a record as the emulator does: a sector that says how many, then each entry's sector and its content."""
    with path.open("wb") as file:
        file.write(struct.pack("<QQQI", 0x6A736677736872, 1, len(entries), SECTOR).ljust(SECTOR, b"\0"))
        for at, content, flags in entries:
            head = struct.pack("<QQQQ", at, len(content) // SECTOR, flags, 0)
            file.write(head.ljust(SECTOR, b"\0") + content)


def test_a_record_is_read_in_order_with_its_barriers(tmp_path: Path) -> None:
    one, two = bytes([1]) * SECTOR, bytes([2]) * 2 * SECTOR
    written(tmp_path / "log", [(8, one, 0), (0, b"", 1), (16, two, 2)])
    assert list(read(tmp_path / "log")) == [
        Write(8 * SECTOR, one, barrier=False, kept=False),
        Write(0, b"", barrier=True, kept=False),
        Write(16 * SECTOR, two, barrier=False, kept=True),
    ]


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(bytes(SECTOR))
    with pytest.raises(ValueError, match="no record"):
        list(read(tmp_path / "log"))


def test_a_cut_keeps_some_loses_some_and_tears_one_at_a_sector() -> None:
    loose = [Write(at * 8 * SECTOR, bytes([at]) * 4 * SECTOR, False, False) for at in range(20)]
    dice = Random(3)
    kept = [after_a_cut(loose, dice) for _ in range(200)]
    counts = {len(each) for each in kept}
    assert 0 in counts
    assert 20 in counts
    assert len(counts) > 5
    whole = {write.at: write.content for write in loose}
    torn = 0
    for write in (write for each in kept for write in each):
        assert whole[write.at].startswith(write.content)
        assert len(write.content) % SECTOR == 0
        torn += len(write.content) < len(whole[write.at])
    assert torn > 20
    assert any([write.at for write in each] != sorted(write.at for write in each) for each in kept)
