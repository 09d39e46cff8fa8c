"""The card as one file: tables, boot partitions, the root of slot A; slot B and the data are there and empty."""

from pathlib import Path

from device.errors import Broken
from estu_image import fat, layout
from estu_image.boot_files import command_line
from estu_image.program import run

_DATA_UUID = "45535455-0000-4000-8000-000000000007"
_ROOT_UUID = "45535455-0000-4000-8000-000000000005"
_BLOCK = 4096  # bytes; a file system this small would by itself get 1,024, and keep it when it grows to a card's size


def pack_root(root: Path, target: Path, date: int) -> None:
    """Pack a root's tree; read-only, compressed so that a Pi unpacks it faster than its card reads.

    Raises:
        Broken: It does not fit into a slot, or a tool is missing.
    """
    target.unlink(missing_ok=True)
    run(["mkfs.erofs", "-zlz4hc,9", "-U", _ROOT_UUID, target, root], {"SOURCE_DATE_EPOCH": str(date)})
    if target.stat().st_size > layout.ROOT_A.size:
        raise Broken(
            "root-too-large",
            f"The root is {target.stat().st_size} bytes, a slot {layout.ROOT_A.size}.",
            "Leave something out: a layout once flashed cannot be changed by an update.",
        )


def pack_data(target: Path, date: int) -> None:
    """Make the empty data partition: ext4 with a journal, that can grow to the card's size.

    Raises:
        Broken: A tool is missing.
    """
    target.unlink(missing_ok=True)
    with target.open("wb") as file:
        file.truncate(layout.DATA.size)
    run(
        [
            "mkfs.ext4",
            "-q",
            "-b",
            str(_BLOCK),
            "-T",
            "default",
            "-i",
            "16384",
            "-J",
            "size=8",
            "-m",
            "1",
            "-O",
            "^orphan_file,^metadata_csum_seed",
            "-L",
            "estu-data",
            "-U",
            _DATA_UUID,
            "-E",
            f"hash_seed={_DATA_UUID},lazy_itable_init=0,lazy_journal_init=0,nodiscard",
            target,
        ],
        {"E2FSPROGS_FAKE_TIME": str(date)},
    )


def assemble(target: Path, pieces: dict[layout.Partition, Path]) -> None:
    """Put tables and partitions where they belong.

    Args:
        target: The card's image; holes stay holes.
        pieces: A file for each partition that is not empty, none larger than its partition.
    """
    target.unlink(missing_ok=True)
    with target.open("wb") as card:
        card.truncate(layout.SIZE)
        for at, sector in layout.tables().items():
            card.seek(at)
            card.write(sector)
    for partition, piece in pieces.items():
        if piece.stat().st_size > partition.size:
            raise ValueError(f"{piece} is larger than the partition {partition.role}")
        run(
            [
                "dd",
                f"if={piece}",
                f"of={target}",
                "bs=1M",
                f"seek={partition.start // layout.MIB}",
                "conv=notrunc,sparse",
                "status=none",
            ]
        )


def write_boot(
    target: Path, partition: layout.Partition, files: dict[str, bytes], slot: str, date: int
) -> None:
    """Make the boot partition of a slot, with its own command line."""
    own = {**files, "cmdline.txt": command_line(slot).encode()}
    fat.write(target, partition.size, f"ESTU-BOOT-{slot}", layout.DISK_ID + partition.number, own, date)
