"""The coarse index of a part, as it lies on disk: short codes in lists, in which a query looks at a few.

    coarse_centroids.i8   (lists, dimension) the middle of each list, a unit vector as embeddings are stored
    coarse_lists.i64      (lists + 1,) where each list begins in the two files that follow, and their length; little endian
    coarse_codes.u8       (n, code bytes) what is left of each vector beside its list's middle, list by list
    coarse_rows.bits      (n,) the row of the part that each code stands for, in as many bits as the last row needs
    coarse_codebook.f32   (code bytes, 256, dimension / code bytes) what each byte of a code says; little endian

It is an inverted file with product quantisation (Jegou, Douze, Schmid, "Product quantization for nearest neighbor search",
2011) without the 8 bytes an id that such files usually have. Not every row is in it: neighbours in time are much alike, so one
a second will do, and silence is left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.catalogue.mapped import AROUND, Mapped

CENTROIDS = "coarse_centroids.i8"
LISTS = "coarse_lists.i64"
CODES = "coarse_codes.u8"
ROWS = "coarse_rows.bits"
CODEBOOK = "coarse_codebook.f32"

VALUES = 256  # that a byte of a code can have


@dataclass(frozen=True, eq=False)
class Coarse:
    """A coarse index, opened in place."""

    centroids: NDArray[np.int8]  # (lists, dimension)
    lists: NDArray[np.int64]  # (lists + 1,)
    codes: NDArray[np.uint8]  # (n, code bytes)
    codebook: NDArray[np.float32]  # (code bytes, 256, dimension / code bytes)
    _packed: NDArray[np.uint8]  # rows, see `pack`
    _bits: int  # of each of them
    _codes_map: Mapped
    _rows_map: Mapped

    @property
    def code_bytes(self) -> int:
        """The length of a code."""
        return int(self.codes.shape[1])

    def rows(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the rows of the part that codes stand for.

        Args:
            places: (n,) in `codes`.
        """
        self._rows_map.touch(len(places) * AROUND)
        return unpack(self._packed, self._bits, places)

    def scanned(self, codes: int, lists: int) -> None:
        """Note that so many codes of so many lists were read, so that their pages are given back in time."""
        self._codes_map.touch(codes * self.code_bytes + lists * AROUND // 2)


def bits_for(rows: int) -> int:
    """How many bits a row takes in a part of so many."""
    return max(1, (rows - 1).bit_length())


def packed_size(count: int, bits: int) -> int:
    """How many bytes so many packed numbers take; seven more than they fill, so that eight can be read anywhere."""
    return (count * bits + 7) // 8 + 7


def pack(numbers: NDArray[np.int64], bits: int) -> NDArray[np.uint8]:
    """Write numbers one after the other, `bits` bits each, lowest bit first.

    Args:
        numbers: (n,), each from 0 and below 2 ** bits.
        bits: 1 to 32.

    Returns:
        (`packed_size`,) bytes.
    """
    packed = np.zeros(packed_size(len(numbers), bits), dtype=np.uint8)
    # Eight numbers fill whole bytes, so each of eight passes writes to places of its own.
    for turn in range(8):
        some = numbers[turn::8].astype(np.uint64)
        first = turn * bits // 8
        shifted = some << np.uint64(turn * bits % 8)
        for byte in range((bits + 14) // 8):
            at = first + byte + bits * np.arange(len(some))
            packed[at] |= (shifted >> np.uint64(8 * byte)).astype(np.uint8)
    return packed


def unpack(packed: NDArray[np.uint8], bits: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Read numbers that `pack` wrote.

    Args:
        packed: What it gave.
        bits: As given to it.
        places: (n,) which numbers.

    Returns:
        (n,)
    """
    begins = places * bits
    eight = packed[(begins // 8)[:, None] + np.arange(8)]
    words = np.ascontiguousarray(eight).view("<u8")[:, 0]
    mask = np.uint64(2**bits - 1)
    return ((words >> (begins % 8).astype(np.uint64)) & mask).astype(np.int64)
