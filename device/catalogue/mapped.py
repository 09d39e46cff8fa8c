"""A file in memory only where it is touched, and only for as long as that is wanted.

The kernel counts every touched page of a mapped file as the process's own until memory is short. A box that hears for weeks
touches most of a catalogue in time, so whoever reads gives pages back now and then: they stay in the kernel's cache, and
cost a fault of some microseconds when they are touched again.
"""

import mmap
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Bytes that the kernel maps around a touched page if it has them (`fault_around_bytes`, 64 KiB by default).
AROUND = 65_536
# Bytes of one file that stay mapped; beyond this all of its pages are given back. With 48 MiB a box that hears 50,000 recordings
# took a quarter more processor time, for pages that it had just given back.
KEPT = 112 * 2**20


class Mapped:
    """A file, mapped whole and read-only."""

    def __init__(self, path: Path) -> None:
        """Map a file.

        Args:
            path: A file of any length, 0 too; it must not change while it is mapped.

        Raises:
            OSError: It cannot be opened.
        """
        with path.open("rb") as file:
            self._size = path.stat().st_size
            self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) if self._size else None
        if self._map is not None:
            # Read-ahead would fetch 128 KiB from a slow card for each place that is looked at.
            self._map.madvise(mmap.MADV_RANDOM)
            # A kernel that caches files in large folios (ext4 since Linux 6.16) would map two megabytes for one vector.
            with suppress(OSError):  # one that knows no huge pages has none to map
                self._map.madvise(mmap.MADV_NOHUGEPAGE)
        self._touched = 0  # bytes that may have become resident since pages were last given back

    def array(self, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
        """View the file as an array; the view keeps it mapped.

        Args:
            dtype: Of one value, its byte order said.
            shape: All of the file.

        Raises:
            ValueError: The file has another size.
        """
        wanted = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if wanted != self._size:
            raise ValueError(f"The file has {self._size} bytes instead of {wanted}.")
        if self._map is None:
            return np.empty(shape, dtype=dtype)
        return np.frombuffer(self._map, dtype=dtype).reshape(shape)

    def touch(self, size: int) -> None:
        """Note that something was read, and give all pages back if it has become much.

        Views stay good, and read again what they need.

        Args:
            size: Bytes that may have become resident, `AROUND` at least for each place.
        """
        self._touched += size
        if self._touched > KEPT and self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)
            self._touched = 0
