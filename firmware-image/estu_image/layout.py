"""Where what lies on the card: a PC's partition table (MBR), written out byte by byte.

Not GPT: the boot ROM of the Zero 2 W finds its files on FAT partitions of an MBR only. A logical partition has a table of its
own (EBR) one alignment step before it, so the extended partition holds A, B and data as 5, 6 and 7. Linux and the firmware
count alike. Source of the form: Microsoft, "Master Boot Record" and "Extended Boot Record"; types as in sfdisk.
"""

import struct
from dataclasses import dataclass

SECTOR = 512  # bytes
STEP = 4 << 20  # bytes; erase blocks of cards are at most so large
MIB = 1 << 20
DISK_ID = 0x45535455  # "ESTU"; Linux names the partitions after it: PARTUUID=45535455-05

_FAT32_LBA, _EXTENDED, _LINUX = 0x0C, 0x05, 0x83
# Of an extended partition, only type 0x05 is known to work with the boot ROM (raspberrypi/firmware issue 1887).


@dataclass(frozen=True)
class Partition:
    """One partition of the card."""

    number: int  # as Linux and the firmware count
    role: str
    start: int  # byte
    size: int  # bytes

    @property
    def partuuid(self) -> str:
        """The name that Linux gives it."""
        return f"{DISK_ID:08x}-{self.number:02x}"


CHOOSE = Partition(1, "choose", 1 * STEP, 64 * MIB)
BOOT_A = Partition(2, "boot-a", CHOOSE.start + CHOOSE.size, 128 * MIB)
BOOT_B = Partition(3, "boot-b", BOOT_A.start + BOOT_A.size, 128 * MIB)
_EXTENDED_START = BOOT_B.start + BOOT_B.size
ROOT_A = Partition(5, "root-a", _EXTENDED_START + STEP, 512 * MIB)
ROOT_B = Partition(6, "root-b", ROOT_A.start + ROOT_A.size + STEP, 512 * MIB)
DATA = Partition(7, "data", ROOT_B.start + ROOT_B.size + STEP, 64 * MIB)  # grows at the first boot
PARTITIONS = (CHOOSE, BOOT_A, BOOT_B, ROOT_A, ROOT_B, DATA)
SIZE = DATA.start + DATA.size


def tables() -> dict[int, bytes]:
    """Give the sectors that are the partition table, by the byte where each belongs."""
    extended = (_EXTENDED_START, SIZE - _EXTENDED_START)
    first = [(p.start, p.size, _FAT32_LBA) for p in (CHOOSE, BOOT_A, BOOT_B)]
    sectors = {0: _sector([*first, (*extended, _EXTENDED)], disk_id=DISK_ID)}
    logical = (ROOT_A, ROOT_B, DATA)
    for partition, following in zip(logical, (*logical[1:], None), strict=True):
        table = partition.start - STEP
        entries = [(STEP, partition.size, _LINUX)]  # counted from this table
        if following is not None:  # counted from the extended partition's start
            entries.append((following.start - STEP - _EXTENDED_START, following.size + STEP, _EXTENDED))
        sectors[table] = _sector(entries)
    return sectors


def _sector(entries: list[tuple[int, int, int]], disk_id: int = 0) -> bytes:
    """Write one table; entries are (start, size, type), in bytes."""
    # Addresses by cylinder and head say "look at the numbers": nobody has used them for thirty years.
    nowhere = b"\xfe\xff\xff"
    packed = b"".join(
        struct.pack("<B3sB3sII", 0, nowhere, kind, nowhere, start // SECTOR, size // SECTOR)
        for start, size, kind in entries
    )
    return struct.pack("<440xIH64s2s", disk_id, 0, packed.ljust(64, b"\0"), b"\x55\xaa")
