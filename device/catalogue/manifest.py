"""The catalogue's form on disk, and the manifest that joins its parts.

    catalogue.json             the manifest: what belongs together, by digest
    withdrawn-DIGEST.json      ids of recordings that shall not be found any more; there if any are withdrawn
    parts/NAME/part.json       what the part holds, and the digests of its files
    parts/NAME/recordings.sqlite   recordings, works, creators: by number from 0
    parts/NAME/vectors.i8      one int8 embedding a row, recordings one after the other
    parts/NAME/first_rows.i64  each recording's first row, and the number of rows at the end; little endian
    parts/NAME/last_seconds.f64  where in each recording its last window starts; little endian
    parts/NAME/coarse_*        large parts only: the coarse index, as `coarse.py` draws it

Rules:
1. A part is never changed: its name comes from its digest, so another content is another part.
2. Files of one catalogue that are not named by its manifest do not exist for the reader.
3. The manifest is replaced in one step, last; what it names is complete on disk before.
4. Sizes are checked at opening, digests after each transport: reading gigabytes would delay every start.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from device.catalogue.thresholds import Thresholds
from device.errors import Refused

FORMAT: Final = 2
MANIFEST = "catalogue.json"
PARTS = "parts"
PART = "part.json"
RECORDINGS = "recordings.sqlite"
VECTORS = "vectors.i8"
FIRST_ROWS = "first_rows.i64"
LAST_SECONDS = "last_seconds.f64"

# A manifest comes from outside: these are its limits.
MANIFEST_BYTES = 16 * 2**20
WITHDRAWN_BYTES = 64 * 2**20
PARTS_AT_MOST = 1000  # a base and daily additions for more than two years

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]  # hex SHA-256
Count = Annotated[int, Meta(gt=0)]


@dataclass(frozen=True)
class FileEntry:
    """A file by its name, size and content."""

    name: str
    size: Annotated[int, Meta(ge=0)]  # bytes
    sha256: Digest


@dataclass(frozen=True)
class WithdrawnEntry:
    """The list of withdrawn ids, named by its content so that a new one never meets an old manifest."""

    name: Annotated[str, Meta(pattern="^withdrawn-[0-9a-f]{16}[.]json$")]
    size: Annotated[int, Meta(ge=0, le=WITHDRAWN_BYTES)]  # bytes
    sha256: Digest


@dataclass(frozen=True)
class PartEntry:
    """A part as the manifest names it."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]
    sha256: Digest  # of its part.json, which has the digests of the other files
    # Numbers in this part whose recordings were changed or taken out later on: another part has the new ones.
    replaced: tuple[Annotated[int, Meta(ge=0)], ...] = ()


@dataclass(frozen=True)
class CoarseSize:
    """How large a part's coarse index is."""

    vectors: Count  # of the part's, that are in it
    lists: Count
    code_bytes: Annotated[int, Meta(gt=0, le=256)]


@dataclass(frozen=True)
class PartDescription:
    """A part's own account of itself: `part.json`."""

    recordings: Count
    vectors: Count
    seconds: float  # of sound in all its recordings together
    files: Annotated[tuple[FileEntry, ...], Meta(max_length=16)]
    coarse: CoarseSize | None = None  # None: the part is small, and searched as it is


@dataclass(frozen=True)
class Manifest:
    """What makes some parts one catalogue: `catalogue.json`."""

    format: Literal[2]
    created: str  # RFC 3339, UTC
    model: Digest
    parameters: Digest  # of the log-mel features
    dimension: Annotated[int, Meta(gt=0, le=4096)]  # int8 values in a vector
    reference_hop: Annotated[float, Meta(gt=0)]  # seconds from one vector of a recording to the next
    thresholds: Thresholds
    parts: Annotated[tuple[PartEntry, ...], Meta(min_length=1, max_length=PARTS_AT_MOST)]
    withdrawn: WithdrawnEntry | None


Described = TypeVar("Described", Manifest, PartDescription)


def encode(description: Manifest | PartDescription) -> bytes:
    """Give the bytes of a manifest or a part's description: JSON, the same for the same values."""
    return msgspec.json.format(msgspec.json.encode(description), indent=2) + b"\n"


def decode_manifest(content: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        Refused: It is not one, or of a format that this software does not know.
    """
    try:
        told = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        form = msgspec.json.decode(told["format"])
    except (KeyError, *_UNREADABLE) as error:
        raise Refused(
            "catalogue-damaged", f"{MANIFEST} is not a catalogue's manifest: {error}.", _AGAIN
        ) from error
    if form != FORMAT:
        raise Refused(
            "catalogue-other-format",
            f"The catalogue has format {form!r}, this software reads format {FORMAT}.",
            "Update the software, or build the catalogue with the same version as the box has.",
        )
    return _decode(content, Manifest, MANIFEST)


def decode_part(content: bytes) -> PartDescription:
    """Read a part's description.

    Raises:
        Refused: It is not one.
    """
    return _decode(content, PartDescription, PART)


def decode_withdrawn(content: bytes) -> frozenset[str]:
    """Read the list of withdrawn ids.

    Raises:
        Refused: It is not one.
    """
    try:
        return msgspec.json.decode(content, type=frozenset[str])
    except _UNREADABLE as error:
        raise Refused(
            "catalogue-damaged", f"The list of withdrawn recordings is unreadable: {error}.", _AGAIN
        ) from error


def read_checked(path: Path, limit: int, sha256: str | None = None) -> bytes:
    """Read a small file whole, never more of it than a limit.

    Args:
        path: The file.
        limit: Bytes; a longer file is refused unread.
        sha256: The digest it must have, if known.

    Raises:
        Refused: It is missing, too long or not the one that is meant.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise Refused(
            "catalogue-missing",
            f"{path} cannot be read: {error.strerror}.",
            "Check the path, or fetch the catalogue again.",
        ) from error
    if len(content) > limit:
        raise Refused("catalogue-damaged", f"{path} is longer than the {limit} bytes it may have.", _AGAIN)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise Refused("catalogue-damaged", f"{path} is not the file that the catalogue names.", _AGAIN)
    return content


_AGAIN = "Fetch or build the catalogue again."
# What msgspec raises for no JSON and for other types, for text that is not UTF-8, and for lists thousands deep.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _decode(content: bytes, kind: type[Described], name: str) -> Described:
    try:
        return msgspec.json.decode(content, type=kind)
    except _UNREADABLE as error:
        raise Refused("catalogue-damaged", f"{name} is not as it must be: {error}.", _AGAIN) from error
