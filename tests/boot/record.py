"""A record of everything that was written to a card, in order, with the barriers between; and what a card may hold after a cut at any of it.

The emulator keeps it (QEMU's `blklogwrites`, in the form of the kernel's dm-log-writes). A card promises to keep what was written before
a barrier that it has answered. What was written after the last one it may have kept, lost, or half kept, in any order: a write cache.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

_MAGIC = 0x6A736677736872
_SUPER, _ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD = 1, 2, 4
SECTOR = 512


@dataclass(frozen=True)
class Write:
    """One entry of the record."""

    at: int  # byte of the card
    content: bytes
    barrier: bool  # what came before is kept, once this is answered
    kept: bool  # is itself kept, once it is answered


def read(path: Path) -> Iterator[Write]:
    """Read a record.

    Raises:
        ValueError: It is none.
    """
    with path.open("rb") as file:
        magic, version, count, size = _SUPER.unpack(file.read(_SUPER.size))
        if (magic, version) != (_MAGIC, 1):
            raise ValueError(f"{path} is no record of writes")
        file.seek(size)
        for _ in range(count):
            sector, sectors, flags, _ = _ENTRY.unpack(file.read(size)[: _ENTRY.size])
            content = b"" if flags & _DISCARD else file.read(sectors * size)
            yield Write(sector * size, content, bool(flags & _FLUSH), bool(flags & _FUA))


def after_a_cut(loose: list[Write], dice: Random) -> list[Write]:
    """Say what a card kept of the writes that no barrier covers: some, none, all, and one perhaps half.

    Args:
        loose: In the order of writing.
        dice: Decides.
    """
    share = dice.choice((0.0, 0.5, 0.9, 1.0))
    found = [write for write in loose if dice.random() < share]
    if found and dice.random() < 0.5:
        at = dice.randrange(len(found))
        torn = found[at]
        sectors = dice.randrange(len(torn.content) // SECTOR + 1)
        found[at] = Write(torn.at, torn.content[: sectors * SECTOR], torn.barrier, torn.kept)
    if dice.random() < 0.3:
        dice.shuffle(found)
    return found
