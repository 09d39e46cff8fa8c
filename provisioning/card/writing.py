"""Writing an image on a card, and reading it back.

1. every stretch of the map is written, its digest checked on the way
2. what the map leaves out is zeroed, since a file system may believe it empty and a former card's keys may lie there;
   but for the root slots, whose rest nobody reads
3. every stretch is read back from the card and its digest checked again

The first MiB is still in memory then (`Target`), and the box's own files are still to be written.
"""

import hashlib
from collections.abc import Callable

from device.errors import Refused
from provisioning.card.partitions import ROOTS, Table
from provisioning.card.target import Target
from provisioning.image.block_map import BlockMap
from provisioning.image.manifest import SignedImage, altered
from provisioning.image.packed import open_image, read_whole

Advance = Callable[[int], None]  # told how many bytes more are done
_CHUNK = 4 * 1024 * 1024  # bytes


def write_image(target: Target, image: SignedImage, advance: Advance) -> None:
    """Write the image; its first MiB stays in memory.

    Args:
        target: Where.
        image: What; its digest was checked.
        advance: Told of each piece of the map and of the gaps that are zeroed, `to_write` bytes in all.

    Raises:
        Refused: The card cannot be written, or the image changed since it was checked.
    """
    position = 0
    with open_image(image.path) as stream:
        for stretch in image.block_map.stretches:
            _skip(stream.read, stretch.start - position)
            digest, position = hashlib.sha256(), stretch.start
            while position < stretch.end:
                chunk = read_whole(stream, min(_CHUNK, stretch.end - position))
                if not chunk:
                    raise altered(image.path)
                digest.update(chunk)
                target.write(position, chunk)
                position += len(chunk)
                advance(len(chunk))
            if digest.hexdigest() != stretch.sha256:
                raise altered(image.path)
    for start, end in _to_zero(image.block_map, image.manifest.table):
        for offset in range(start, end, _CHUNK):
            count = min(_CHUNK, end - offset)
            target.write(offset, bytes(count))
            advance(count)
    target.settle()


def to_write(image: SignedImage) -> int:
    """Count the bytes that `write_image` writes."""
    empty = _to_zero(image.block_map, image.manifest.table)
    return image.block_map.mapped + sum(end - start for start, end in empty)


def read_back(target: Target, block_map: BlockMap, advance: Advance) -> None:
    """Read the image back from the card (its first MiB is compared by `Target.finish`).

    Raises:
        Refused: A stretch reads otherwise than it was written.
    """
    for stretch in block_map.stretches:
        if digest_on(target, stretch.start, stretch.end) != stretch.sha256:
            raise Refused(
                "card-differs",
                f"{target.path} does not read as it was written, between bytes {stretch.start} and {stretch.end}.",
                "The card or the reader is broken: try once more, then throw the card away.",
            )
        advance(stretch.end - stretch.start)


def digest_on(target: Target, start: int, end: int) -> str:
    """Give the SHA-256 of what the card holds between two bytes, in hexadecimal."""
    digest = hashlib.sha256()
    while start < end and (chunk := target.read(start, min(_CHUNK, end - start))):
        digest.update(chunk)
        start += len(chunk)
    return digest.hexdigest()


def _to_zero(block_map: BlockMap, table: Table) -> list[tuple[int, int]]:
    """Give what the map leaves out, without what lies in the root slots."""
    roots = [(each.start, each.end) for each in table.partitions if each.name in ROOTS]
    left = list(block_map.gaps())
    for start, end in roots:
        left = [
            piece
            for low, high in left
            for piece in ((low, min(high, start)), (max(low, end), high))
            if piece[0] < piece[1]
        ]
    return left


def _skip(read: Callable[[int], bytes], count: int) -> None:
    while count and (passed := read(min(_CHUNK, count))):
        count -= len(passed)
