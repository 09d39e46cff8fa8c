"""The card's partition table: read by other programs than the one that wrote it."""

import json
import subprocess
from pathlib import Path

import pytest
from estu_image import layout


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.img"
    with path.open("wb") as file:
        file.truncate(layout.SIZE)
        for at, sector in layout.tables().items():
            file.seek(at)
            file.write(sector)
    return path


def test_sfdisk_reads_the_partitions_where_the_layout_has_them(card: Path) -> None:
    told = subprocess.run(["sfdisk", "--json", card], capture_output=True, text=True, check=True)
    table = json.loads(told.stdout)["partitiontable"]
    assert (table["label"], table["id"]) == ("dos", "0x45535455")
    read = {int(each["node"].removeprefix(str(card))): each for each in table["partitions"]}
    assert sorted(read) == [1, 2, 3, 4, 5, 6, 7]
    for partition in layout.PARTITIONS:
        found = read[partition.number]
        where = (found["start"] * layout.SECTOR, found["size"] * layout.SECTOR)
        assert where == (partition.start, partition.size), partition.role
    assert [read[number]["type"] for number in (1, 2, 3)] == ["c", "c", "c"]  # what the boot ROM knows
    assert read[4]["type"] == "5"  # type f is not found by a Pi 3's ROM


def test_sfdisk_finds_nothing_to_complain_of(card: Path) -> None:
    checked = subprocess.run(["sfdisk", "--verify", card], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "No errors detected" in checked.stdout, checked.stdout + checked.stderr


def test_partitions_begin_where_a_cards_erase_blocks_do_and_do_not_touch() -> None:
    ends = 0
    for partition in layout.PARTITIONS:
        assert partition.start % layout.STEP == 0
        assert partition.start >= ends
        ends = partition.start + partition.size
    assert layout.DATA is layout.PARTITIONS[-1]  # only what is last can grow
