"""A card as a technician would have flashed it: the image, and on its data partition the identity; for the test, what it adds besides."""

import os
import shutil
from pathlib import Path

from estu_image import layout
from estu_image.program import run


def flash(image: Path, card: Path, data: Path, size: int, data_bytes: int = layout.DATA.size) -> None:
    """Write an image and a data partition to a card.

    Args:
        image: The image, as it was built; it stays as it is.
        card: The card's file.
        data: The folder whose content the data partition gets.
        size: Bytes that the card has; more than the image, so that the first boot has something to grow into.
        data_bytes: Of the data's file system; more than in the image for a card that has grown already.
    """
    run(["cp", "--sparse=always", image, card])
    os.truncate(card, size)
    partition = card.with_suffix(".data")
    partition.unlink(missing_ok=True)
    with partition.open("wb") as file:
        file.truncate(data_bytes)
    run(["mkfs.ext4", "-q", "-b", "4096", "-J", "size=8", "-L", "estu-data", "-d", data, partition])
    run(
        [
            "dd",
            f"if={partition}",
            f"of={card}",
            "bs=1M",
            f"seek={layout.DATA.start // layout.MIB}",
            "conv=notrunc,sparse",
            "status=none",
        ]
    )
    partition.unlink()
    if data_bytes > layout.DATA.size:
        for number in ("4", str(layout.DATA.number)):
            run(["sfdisk", "--quiet", "--force", "-N", number, card], given=b", +\n")


def read_data(card: Path, name: str, into: Path) -> Path:
    """Take a folder out of a card's data partition, after its journal was played back; nothing is mounted.

    Args:
        card: The card; it is not changed.
        name: The folder's name on the data partition.
        into: Where to put it.

    Returns:
        The folder.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    partition = into / "data.ext4"
    with card.open("rb") as file:
        file.seek(0, os.SEEK_END)
        room = file.tell() - layout.DATA.start
    run(
        [
            "dd",
            f"if={card}",
            f"of={partition}",
            "bs=1M",
            f"skip={layout.DATA.start // layout.MIB}",
            f"count={room // layout.MIB}",
            "conv=sparse",
            "status=none",
        ]
    )
    check(partition)
    run(["debugfs", "-R", f"rdump /{name} {into}", partition])
    partition.unlink()
    return into / name


def check(partition: Path) -> None:
    """Play the journal back and check, as a box does at each boot.

    Raises:
        Broken: What is found cannot be repaired.
    """
    run(["sh", "-c", f"e2fsck -p {partition} || [ $? -le 1 ]"])
