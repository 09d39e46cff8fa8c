"""Writing a part: beside, to the disk, and then into its place in one step."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlite_utils

from central.catalogue import coarse
from central.catalogue.fingerprinting import REFERENCE_HOP, Fingerprint
from device.catalogue import manifest
from device.catalogue.entries import SCHEMA
from device.catalogue.manifest import FileEntry, PartDescription, PartEntry
from device.catalogue.recording import Recording, Work

_AT_ONCE = 1000  # recordings in one transaction


@dataclass(frozen=True, eq=False)
class Reference:
    """A recording with its sound, ready for a part."""

    recording: Recording
    content: str  # hex SHA-256 of the sound file
    fingerprint: Fingerprint


@dataclass(frozen=True)
class AlikeEntry:
    """A recording of a part that sounds nearly as another does."""

    recording: int  # number in the part
    id: str  # of the other, in this part or an older one
    likeness: float  # mean cosine


def write(
    parts: Path,
    references: Iterable[Reference],
    coarse_from: int = coarse.COARSE_FROM,
    threads: int = 1,
    hop: float = REFERENCE_HOP,
    alike: Callable[[Path, PartEntry], Iterable[AlikeEntry]] | None = None,
) -> PartEntry:
    """Write a part.

    A kill or a power cut at any moment leaves either the whole part or none of that name.

    Args:
        parts: The folder of parts.
        references: At least one; they are taken one by one, so they need not fit into memory together.
        coarse_from: The number of vectors from which the part gets a coarse index.
        threads: How many work on that index.
        hop: Seconds from one vector of a recording to the next.
        alike: Told the part's folder once it can be opened; says which of its recordings sound like others.

    Returns:
        The part as a manifest names it.
    """
    beside = parts / ".new"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    count, vectors, dimension, seconds = _write_references(beside, references)
    index = None
    if vectors >= coarse_from:
        mapped = np.memmap(beside / manifest.VECTORS, dtype=np.int8, mode="r", shape=(vectors, dimension))
        first_rows = np.fromfile(beside / manifest.FIRST_ROWS, dtype="<i8")
        index = coarse.write(np.asarray(mapped), first_rows, hop, beside, threads)
    size = PartDescription(count, vectors, seconds, (), index)
    digest = describe(beside, size)
    if alike is not None:
        _write_alike(beside / manifest.RECORDINGS, alike(beside, PartEntry("new", digest)))
        digest = describe(beside, size)
    part = parts / f"part-{digest[:16]}"
    for file in beside.iterdir():
        sync(file)
    sync(beside)
    if part.exists():  # left by a build that ended before it wrote the manifest, or damaged since
        shutil.rmtree(part)
    beside.rename(part)
    sync(parts)
    return PartEntry(part.name, digest)


def describe(folder: Path, size: PartDescription) -> str:
    """Write the part's description and give its digest."""
    files = tuple(_entry(file) for file in sorted(folder.iterdir()) if file.name != manifest.PART)
    description = manifest.encode(replace(size, files=files))
    (folder / manifest.PART).write_bytes(description)
    return hashlib.sha256(description).hexdigest()


def _write_alike(path: Path, found: Iterable[AlikeEntry]) -> None:
    """Add what sounds alike to the part's tables."""
    database = sqlite_utils.Database(path, execute_plugins=False)
    database.execute("pragma journal_mode = off")
    database.execute("pragma synchronous = off")
    database.table("alike").insert_all(asdict(one) for one in found)
    database.close()


def sync(path: Path) -> None:
    """Have a file, or a folder's list of files, written to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _write_references(folder: Path, references: Iterable[Reference]) -> tuple[int, int, int, float]:
    """Write recordings and vectors; give the numbers of recordings, of vectors, of values in one, and the seconds."""
    first_rows, last_seconds, dimension, seconds = [0], [], 0, 0.0
    tables = Tables(folder / manifest.RECORDINGS)
    with (folder / manifest.VECTORS).open("wb") as file:
        for number, reference in enumerate(references):
            vectors = reference.fingerprint.vectors
            dimension = vectors.shape[1]
            file.write(np.ascontiguousarray(vectors, dtype=np.int8).tobytes())
            first_rows.append(first_rows[-1] + len(vectors))
            last_seconds.append(reference.fingerprint.last_seconds)
            seconds += reference.recording.seconds
            tables.add(number, reference)
    tables.close()
    np.array(first_rows, dtype="<i8").tofile(folder / manifest.FIRST_ROWS)
    np.array(last_seconds, dtype="<f8").tofile(folder / manifest.LAST_SECONDS)
    return len(last_seconds), first_rows[-1], dimension, seconds


class Tables:
    """Fills a part's SQLite file, some recordings at a time."""

    def __init__(self, path: Path) -> None:
        """Begin a file."""
        self._database = sqlite_utils.Database(path, execute_plugins=False)
        # The file is thrown away if the build ends early, and synced as a whole when it is done.
        self._database.execute("pragma journal_mode = off")
        self._database.execute("pragma synchronous = off")
        self._database.executescript(SCHEMA)
        self._works: dict[Work, int] = {}  # each is written once, however many recordings perform it
        self._rows: dict[str, list[dict[str, Any]]] = {
            "recordings": [],
            "works": [],
            "creators": [],
            "recording_works": [],
        }

    def add(self, number: int, reference: Reference) -> None:
        """Add the next recording."""
        recording = reference.recording
        self._rows["recordings"].append(
            {
                "number": number,
                "id": recording.id,
                "isrc": recording.isrc,
                "title": recording.title,
                "artist": recording.artist,
                "label": recording.label,
                "ai_generated": int(recording.ai_generated),
                "seconds": recording.seconds,
                "kind": recording.kind,
                "content": reference.content,
                "sound": hashlib.sha256(reference.fingerprint.vectors.tobytes()).hexdigest(),
            }
        )
        for position, work in enumerate(recording.works):
            if work not in self._works:
                self._works[work] = len(self._works)
                self._rows["works"].append(
                    {"number": self._works[work], "iswc": work.iswc, "title": work.title}
                )
                self._rows["creators"] += _creators(self._works[work], work)
            self._rows["recording_works"].append(
                {"recording": number, "position": position, "work": self._works[work]}
            )
        if len(self._rows["recordings"]) >= _AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._database.close()

    def _flush(self) -> None:
        for table, rows in self._rows.items():
            self._database.table(table).insert_all(rows)
            rows.clear()


def _creators(number: int, work: Work) -> Iterator[dict[str, Any]]:
    for position, creator in enumerate(work.creators):
        yield {
            "work": number,
            "position": position,
            "name": creator.name,
            "role": creator.role,
            "ipi": creator.ipi,
        }


def _entry(path: Path) -> FileEntry:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(path.name, path.stat().st_size, digest)
