"""The partitions of an image or a card.

The table is an MBR, since the smallest of the boards starts from nothing else; it has no names, so a partition's number
says what it is, and the last one's file system must say so too (`firmware-image/README.md`).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from device.errors import Refused
from provisioning import programs

DATA = "estu-data"  # identity, settings, log; an ext4 with this label
ROOTS = ("root-a", "root-b")  # whose unused rest is never looked at: the root file system knows its own size
HEAD = 1024 * 1024  # bytes before the first partition, where the table is
_NAMES = {1: "choose", 2: "boot-a", 3: "boot-b", 5: "root-a", 6: "root-b", 7: DATA}
_EXTENDED = ("5", "f", "85")  # types of what only holds partitions 5 and up
_SUPERBLOCK = 1024  # bytes into an ext4
_MAGIC = slice(0x38, 0x3A)  # in its superblock, and its label: kernel.org, ext4/globals
_LABEL = slice(0x78, 0x88)


@dataclass(frozen=True)
class Partition:
    """A stretch of a disk with a name."""

    name: str
    start: int  # bytes
    end: int  # bytes, the first that does not belong to it


@dataclass(frozen=True)
class Table:
    """A disk's partitions, in the order of their places."""

    partitions: tuple[Partition, ...]

    @property
    def data(self) -> Partition:
        """The partition that holds who the box is."""
        return next(each for each in self.partitions if each.name == DATA)

    def at(self, place: int) -> str:
        """Name the partition in which a byte lies."""
        names = (each.name for each in self.partitions if each.start <= place < each.end)
        return next(names, "the space outside the partitions")

    def as_json(self) -> list[dict[str, Any]]:
        """Give the partitions for a manifest."""
        return [asdict(each) for each in self.partitions]

    @classmethod
    def of_json(cls, told: Iterable[Mapping[str, Any]], size: int) -> "Table":
        """Read what `as_json` gave.

        Args:
            told: The partitions.
            size: Bytes of the image in which they must lie.

        Raises:
            ValueError: They do not follow each other within the image, or none holds the data.
            TypeError: A place is no number.
            KeyError: A name or a place is missing.
        """
        parts = tuple(Partition(str(each["name"]), int(each["start"]), int(each["end"])) for each in told)
        ends = [HEAD, *(each.end for each in parts)]
        in_order = all(end <= each.start < each.end for end, each in zip(ends, parts, strict=False))
        if not in_order or ends[-1] > size or [each.name for each in parts].count(DATA) != 1:
            raise ValueError("partitions")
        return cls(parts)


def read_table(path: Path) -> Table:
    """Read the partition table of a disk or a file that is not packed.

    Raises:
        Refused: There is none, or it is not that of a card of Estu's.
    """
    ended = programs.run(["sfdisk", "--json", str(path)])
    if ended.returncode != 0:
        raise _faulty(path, "it has no partition table")
    table = json.loads(ended.stdout)["partitiontable"]
    sector = int(table.get("sectorsize", 512))
    parts = []
    for each in table.get("partitions", ()):
        number = re.search(r"(\d+)$", each["node"].removeprefix(str(path)))
        if number is not None and str(each["type"]).lower() not in _EXTENDED:
            name = _NAMES.get(int(number[1]), f"partition {number[1]}")
            start = int(each["start"]) * sector
            parts.append(Partition(name, start, start + int(each["size"]) * sector))
    parts.sort(key=lambda each: each.start)
    last = parts[-1] if parts else None
    if last is None or table.get("label") != "dos" or last.name != DATA or parts[0].start < HEAD:
        raise _faulty(path, "its partitions are others")
    with path.open("rb") as disk:
        disk.seek(last.start + _SUPERBLOCK)
        superblock = disk.read(1024)
    if superblock[_MAGIC] != b"\x53\xef" or superblock[_LABEL].rstrip(b"\0") != DATA.encode():
        raise _faulty(path, f"its last partition has no file system named {DATA}")
    return Table(tuple(parts))


def _faulty(path: Path, why: str) -> Refused:
    return Refused(
        "card-unknown",
        f"{path} is not laid out as Estu's cards are: {why}.",
        "Write it with `estu-provision flash`.",
    )
