"""A part: recordings and their vectors that were built together and never change."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.catalogue import coarse
from device.catalogue.coarse import Coarse
from device.catalogue.entries import Entries
from device.catalogue.manifest import (
    FIRST_ROWS,
    LAST_SECONDS,
    MANIFEST_BYTES,
    PART,
    RECORDINGS,
    VECTORS,
    CoarseSize,
    PartDescription,
    PartEntry,
    decode_part,
    read_checked,
)
from device.catalogue.mapped import AROUND, Mapped
from device.errors import Refused

Vectors = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Part:
    """One part, opened in place.

    Its arrays are views of the files: the kernel reads a page when it is touched, and takes it back when
    memory is short. The part's own rows and numbers start at 0; `rows` and `numbers` are its place in the
    catalogue.
    """

    name: str
    rows: range  # of the catalogue
    numbers: range  # of the catalogue
    seconds: float  # of sound in all its recordings together
    vectors: Vectors  # (rows, dimension), read-only
    first_rows: NDArray[np.int64]  # (recordings + 1,), rows of this part; the last is the number of rows
    last_seconds: NDArray[np.float64]  # (recordings,), where each recording's last window starts
    entries: Entries
    coarse: Coarse | None  # None: the part is too small for one
    folder: Path
    description: PartDescription
    _mapped: Mapped  # of `vectors`

    @classmethod
    def open(
        cls, folder: Path, entry: PartEntry, dimension: int, first_row: int, first_number: int
    ) -> "Part":
        """Open a part where it lies, without reading its vectors.

        Args:
            folder: The part's folder.
            entry: What the manifest says about it.
            dimension: int8 values in a vector.
            first_row: Rows of the catalogue before this part.
            first_number: Recordings of the catalogue before this part.

        Raises:
            Refused: A file is missing, of the wrong size, or not the one that is named.
        """
        told = decode_part(read_checked(folder / PART, MANIFEST_BYTES, entry.sha256))
        sizes = {file.name: file.size for file in told.files}
        must = {
            RECORDINGS: sizes.get(RECORDINGS),
            VECTORS: told.vectors * dimension,
            FIRST_ROWS: 8 * (told.recordings + 1),
            LAST_SECONDS: 8 * told.recordings,
        }
        if told.coarse is not None:
            must |= _coarse_sizes(told.coarse, told.vectors, dimension)
        for name, size in must.items():
            if sizes.get(name) != size or size is None:
                raise _damaged(folder, f"{PART} does not fit itself: {name} should have {size} bytes")
            _check_size(folder / name, size)
        first_rows = np.asarray(np.memmap(folder / FIRST_ROWS, dtype="<i8", mode="r"))
        if (
            first_rows[0] != 0
            or first_rows[-1] != told.vectors
            or max(entry.replaced, default=0) >= told.recordings
        ):
            raise _damaged(folder, "its recordings and its vectors do not fit each other")
        mapped = Mapped(folder / VECTORS)
        index = _open_coarse(folder, told.coarse, told.vectors, dimension) if told.coarse else None
        return cls(
            name=entry.name,
            rows=range(first_row, first_row + told.vectors),
            numbers=range(first_number, first_number + told.recordings),
            seconds=told.seconds,
            vectors=mapped.array(np.int8, (told.vectors, dimension)),
            first_rows=first_rows,
            last_seconds=np.asarray(np.memmap(folder / LAST_SECONDS, dtype="<f8", mode="r")),
            entries=Entries(folder / RECORDINGS),
            coarse=index,
            folder=folder,
            description=told,
            _mapped=mapped,
        )

    @property
    def first_row(self) -> int:
        """The row of the catalogue that is this part's row 0."""
        return self.rows.start

    def read(self, rows: NDArray[np.int64]) -> Vectors:
        """Copy some vectors, (n,) rows of this part in any order; their pages are given back in time."""
        # Rows that lie together are asked for together, so that a page that is asked for again counts again.
        places = rows * self.vectors.shape[1] // AROUND
        self._mapped.touch((1 + int(np.count_nonzero(places[1:] != places[:-1]))) * AROUND)
        return self.vectors[rows]

    def verify(self) -> None:
        """Read every file and compare it with its digest; for after a transport, it takes as long as reading does.

        Raises:
            Refused: A file is not what it was when the part was built, or the recordings' rows are not ascending.
        """
        for file in self.description.files:
            with (self.folder / file.name).open("rb") as content:
                if hashlib.file_digest(content, "sha256").hexdigest() != file.sha256:
                    raise _damaged(self.folder, f"{file.name} was changed or is incomplete")
        if self.entries.count() != len(self.numbers) or np.any(np.diff(self.first_rows) < 1):
            raise _damaged(self.folder, "its recordings and its vectors do not fit each other")


def _coarse_sizes(size: CoarseSize, rows: int, dimension: int) -> dict[str, int]:
    """Say how many bytes each file of a coarse index has."""
    return {
        coarse.CENTROIDS: size.lists * dimension,
        coarse.LISTS: 8 * (size.lists + 1),
        coarse.CODES: size.vectors * size.code_bytes,
        coarse.ROWS: coarse.packed_size(size.vectors, coarse.bits_for(rows)),
        coarse.CODEBOOK: 4 * coarse.VALUES * dimension,
    }


def _open_coarse(folder: Path, size: CoarseSize, rows: int, dimension: int) -> Coarse:
    """Open the files of a coarse index, whose sizes were checked.

    Raises:
        Refused: They do not fit each other.
    """
    bits = coarse.bits_for(rows)
    codes, packed = Mapped(folder / coarse.CODES), Mapped(folder / coarse.ROWS)
    lists = Mapped(folder / coarse.LISTS).array("<i8", (size.lists + 1,))
    if (
        dimension % size.code_bytes
        or lists[0] != 0
        or lists[-1] != size.vectors
        or np.any(np.diff(lists) < 0)
    ):
        raise _damaged(folder, "the lists of its coarse index do not fit their codes")
    values = (size.code_bytes, coarse.VALUES, dimension // size.code_bytes)
    return Coarse(
        centroids=Mapped(folder / coarse.CENTROIDS).array(np.int8, (size.lists, dimension)),
        lists=lists,
        codes=codes.array(np.uint8, (size.vectors, size.code_bytes)),
        codebook=Mapped(folder / coarse.CODEBOOK).array("<f4", values),
        _packed=packed.array(np.uint8, (coarse.packed_size(size.vectors, bits),)),
        _bits=bits,
        _codes_map=codes,
        _rows_map=packed,
    )


def _check_size(path: Path, size: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise Refused(
            "catalogue-missing",
            f"{path} cannot be read: {error.strerror}.",
            "Fetch or build the catalogue again.",
        ) from error
    if found != size:
        raise _damaged(path, f"it has {found} bytes instead of {size}")


def _damaged(path: Path, what: str) -> Refused:
    return Refused("catalogue-damaged", f"{path} is damaged: {what}.", "Fetch or build the catalogue again.")
