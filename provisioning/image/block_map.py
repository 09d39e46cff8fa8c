"""Which blocks of an image carry anything, with a digest of each stretch of them: the format of bmaptool, version 2.0.

Most of an image is empty, and what is not in the map need not be written. The map is made from the content: a block is
left out if it is all zeros. (`bmaptool create` asks the file system for holes instead, and gives another map on
another file system; it reads these maps as its own.) Stretches end at whole MiBs, where partitions begin, so that each
belongs to one partition and a damaged card is found by its place.

Source: https://github.com/yoctoproject/bmaptool, "bmap file format".
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from device.errors import Refused

BLOCK = 4096  # bytes
STRETCH = 1024 * 1024  # bytes, at most, of the stretches written here; others' may be longer
LARGEST_MAP = 16 * 1024 * 1024  # bytes of XML
_ZEROS = bytes(BLOCK)
_NUMBERS = re.compile(r"\s*([0-9]{1,15})(?:-([0-9]{1,15}))?\s*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OWN_DIGEST = re.compile(rb"(<BmapFileChecksum>\s*)([0-9a-f]{64})(\s*</BmapFileChecksum>)")


@dataclass(frozen=True)
class Stretch:
    """Bytes of an image that carry something."""

    start: int  # byte
    end: int  # byte, the first that does not belong to it
    sha256: str  # hexadecimal


@dataclass(frozen=True)
class BlockMap:
    """The stretches of an image in order; between them, it is empty."""

    size: int  # bytes of the whole image
    stretches: tuple[Stretch, ...]

    @property
    def mapped(self) -> int:
        """Bytes that carry something."""
        return sum(each.end - each.start for each in self.stretches)

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Give start and end of what is empty, in bytes."""
        end = 0
        for stretch in self.stretches:
            if stretch.start > end:
                yield end, stretch.start
            end = stretch.end
        if end < self.size:
            yield end, self.size

    def as_xml(self) -> bytes:
        """Write the map as bmaptool reads it; the same map gives the same bytes."""
        lines = "".join(
            f'        <Range chksum="{each.sha256}"> {_blocks(each)} </Range>\n' for each in self.stretches
        )
        mapped = sum(-(-(each.end - each.start) // BLOCK) for each in self.stretches)
        text = (
            '<?xml version="1.0" ?>\n<bmap version="2.0">\n'
            f"    <ImageSize> {self.size} </ImageSize>\n"
            f"    <BlockSize> {BLOCK} </BlockSize>\n"
            f"    <BlocksCount> {-(-self.size // BLOCK)} </BlocksCount>\n"
            f"    <MappedBlocksCount> {mapped} </MappedBlocksCount>\n"
            "    <ChecksumType> sha256 </ChecksumType>\n"
            f"    <BmapFileChecksum> {'0' * 64} </BmapFileChecksum>\n"
            f"    <BlockMap>\n{lines}    </BlockMap>\n</bmap>\n"
        ).encode()
        return _OWN_DIGEST.sub(rb"\g<1>" + _own_digest(text) + rb"\g<3>", text, count=1)


def map_of(image: BinaryIO) -> tuple[BlockMap, str]:
    """Read an image from its beginning to its end and map it.

    Returns:
        The map, and the SHA-256 of the whole image in hexadecimal.
    """
    whole = hashlib.sha256()
    stretches: list[Stretch] = []
    position = 0
    while chunk := image.read(STRETCH):
        whole.update(chunk)
        stretches += _stretches(position, chunk)
        position += len(chunk)
    return BlockMap(position, tuple(stretches)), whole.hexdigest()


def parse(xml: bytes) -> BlockMap:
    """Read a map in bmaptool's format 2.0 with SHA-256.

    Raises:
        Refused: It is none, its own digest is wrong, or its stretches are not in order within the image.
    """
    own = _OWN_DIGEST.search(xml)
    if len(xml) > LARGEST_MAP or own is None:
        raise _faulty("it is not a bmap file of version 2")
    if own[2] != _own_digest(xml):
        raise _faulty("its own checksum is wrong")
    try:
        root = fromstring(xml, forbid_dtd=True)
        size, block = int(root.findtext("ImageSize", "")), int(root.findtext("BlockSize", ""))
        kind = root.findtext("ChecksumType", "").strip()
        ranges = [(each.text or "", each.get("chksum", "")) for each in root.iterfind("BlockMap/Range")]
    except (ParseError, DefusedXmlException, ValueError) as reason:
        raise _faulty("it is not a bmap file of version 2") from reason
    if kind != "sha256" or block <= 0 or size <= 0:
        raise _faulty("it has no SHA-256 digests, or no sizes")
    stretches: list[Stretch] = []
    end = 0
    for text, digest in ranges:
        numbers = _NUMBERS.fullmatch(text)
        if numbers is None or not _DIGEST.fullmatch(digest):
            raise _faulty(f'it has a range "{text.strip()}" that is none, or one without a digest')
        start, last = int(numbers[1]), int(numbers[2] or numbers[1])
        stretch = Stretch(start * block, min((last + 1) * block, size), digest)
        if not end <= stretch.start < stretch.end:
            raise _faulty(f"its range {text.strip()} is out of order, or behind the image's end")
        stretches.append(stretch)
        end = stretch.end
    return BlockMap(size, tuple(stretches))


def _stretches(position: int, chunk: bytes) -> Iterator[Stretch]:
    """Find the stretches of blocks that are not all zeros in a chunk that begins at a whole block."""
    start = None
    for offset in range(0, len(chunk), BLOCK):
        block = chunk[offset : offset + BLOCK]
        empty = block == _ZEROS[: len(block)]
        if not empty and start is None:
            start = offset
        if empty and start is not None:
            yield _stretch(position, chunk, start, offset)
            start = None
    if start is not None:
        yield _stretch(position, chunk, start, len(chunk))


def _stretch(position: int, chunk: bytes, start: int, end: int) -> Stretch:
    return Stretch(position + start, position + end, hashlib.sha256(chunk[start:end]).hexdigest())


def _blocks(stretch: Stretch) -> str:
    first, last = stretch.start // BLOCK, (stretch.end - 1) // BLOCK
    return str(first) if first == last else f"{first}-{last}"


def _own_digest(xml: bytes) -> bytes:
    """Give the digest that a map carries of itself: made while zeros stood in its place."""
    blank = _OWN_DIGEST.sub(rb"\g<1>" + b"0" * 64 + rb"\g<3>", xml, count=1)
    return hashlib.sha256(blank).hexdigest().encode()


def _faulty(why: str) -> Refused:
    return Refused(
        "image-map-faulty",
        f"The map of the image's blocks cannot be used: {why}.",
        "Get image, map and manifest again from where the image was published.",
    )
