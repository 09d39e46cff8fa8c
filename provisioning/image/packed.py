"""The bytes of an image as they will lie on the card, whatever packed the file: nothing, xz or Zstandard."""

import contextlib
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from device.errors import Refused

SUFFIXES = (".img", ".img.xz", ".img.zst")
_WIDEST_WINDOW = 2**27  # bytes of memory that a Zstandard file may ask for; `zstd --long` asks for that much


def stem(path: Path) -> str:
    """Give the name that an image shares with its map and its manifest: without .img, .img.xz or .img.zst.

    Raises:
        Refused: It is named otherwise.
    """
    for suffix in SUFFIXES:
        if path.name.endswith(suffix) and path.name != suffix:
            return path.name.removesuffix(suffix)
    raise Refused(
        "image-name-unknown",
        f"{path} does not look like an image.",
        f"Its name must end in {', '.join(SUFFIXES)}.",
    )


@contextlib.contextmanager
def open_image(path: Path) -> Iterator[BinaryIO]:
    """Open an image for reading, unpacked on the way.

    Raises:
        Refused: It is damaged (also while it is being read), or named otherwise than an image is.
        OSError: It cannot be read.
    """
    stem(path)
    try:
        if path.name.endswith(".xz"):
            with lzma.open(path) as packed:
                yield cast("BinaryIO", packed)
        elif path.name.endswith(".zst"):
            unpacker = zstandard.ZstdDecompressor(max_window_size=_WIDEST_WINDOW)
            with path.open("rb") as raw, unpacker.stream_reader(raw, read_across_frames=True) as packed:
                yield cast("BinaryIO", packed)
        else:
            with path.open("rb") as plain:
                yield plain
    except (lzma.LZMAError, zstandard.ZstdError, EOFError) as reason:
        raise Refused(
            "image-damaged",
            f"{path} cannot be unpacked: {reason}.",
            "Get it again from where it was published.",
        ) from reason


def read_whole(image: BinaryIO, count: int) -> bytes:
    """Read exactly this many bytes, or as many as there are."""
    parts = []
    while count and (part := image.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
