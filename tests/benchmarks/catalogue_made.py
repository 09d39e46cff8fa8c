"""Catalogues of any size: real recordings first, made-up ones behind them.

Beyond `WHOLE_UP_TO` recordings the exact vectors of the made-up ones are a hole in the disk: 40 KB each, which a disk here
would not hold a million times. Their coarse codes are made from the same vectors as always, so searching takes its true time
and finds what it would find; but in the exact comparison a made-up recording is as silence, and never wins.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from central.catalogue import coarse, folder, part_writing
from central.catalogue.fingerprinting import Fingerprint
from central.catalogue.part_writing import Reference, Tables
from device.catalogue import manifest
from device.catalogue.catalogue import Catalogue
from device.catalogue.manifest import PartDescription, PartEntry
from device.catalogue.recording import Recording
from tests.benchmarks.distractors import Distractors

WHOLE_UP_TO = 50_000  # recordings
THREADS = 2  # that work on the coarse index of larger ones; beside other work they spin, and cost more of a core than one
NOTE = "made.json"  # in a catalogue's folder: what it took to make


@dataclass(frozen=True)
class Made:
    """A catalogue that was made, and what it took."""

    folder: Path
    recordings: int
    seconds: float  # of sound
    build_seconds: float  # of one core, the made-up sound's making included
    coarse_bytes: int

    @property
    def bytes_a_recording(self) -> float:
        """Of coarse index for a recording of `distractors.SECONDS`."""
        return self.bytes_a_second * 210.0

    @property
    def bytes_a_second(self) -> float:
        """Of coarse index."""
        return self.coarse_bytes / self.seconds


def references(real: Catalogue) -> list[Reference]:
    """Take over all recordings of a catalogue."""
    taken = []
    for number in range(len(real)):
        span, recording = real.span(number), real.recording(number)
        vectors = real.vectors(np.arange(span.start, span.stop))
        last = (len(vectors) - 1) * real.reference_hop
        taken.append(Reference(recording, recording.id, Fingerprint(vectors, recording.seconds, last)))
    return taken


def made_or_kept(out: Path, real: Catalogue, distractors: Distractors, count: int) -> Made:
    """Give a catalogue of so many recordings that was made from the same ones before, or make it."""
    note = out / NOTE
    if note.exists():
        told = json.loads(note.read_text())
        if told.pop("real") == _names(real):
            return Made(out, **told)
    made = make(out, real, distractors, count)
    note.write_text(json.dumps({f: getattr(made, f) for f in _NOTED} | {"real": _names(real)}))
    return made


def _names(real: Catalogue) -> list[str]:
    """Name what a catalogue consists of, whenever it was written."""
    return [part.name for part in real.parts]


def make(out: Path, real: Catalogue, distractors: Distractors, count: int) -> Made:
    """Make a catalogue of so many recordings."""
    shutil.rmtree(out, ignore_errors=True)
    began = time.process_time()
    first = references(real)[:count]
    parts = out / manifest.PARTS
    if count <= WHOLE_UP_TO:
        every = _all(first, distractors, count)
        part = part_writing.write(parts, every, hop=real.reference_hop)
    else:
        part = _thin(parts, first, distractors, count, real.reference_hop)
    told = real.manifest
    changed = {"parts": (part,), "withdrawn": None}
    folder.write_manifest(out, manifest.Manifest(**({f: getattr(told, f) for f in _FIELDS} | changed)))
    spent = time.process_time() - began
    with Catalogue.open(out, told.model, told.parameters) as made:
        files = made.parts[0].description.files
        size = sum(file.size for file in files if file.name.startswith("coarse_"))
        return Made(out, count, made.parts[0].seconds, spent, size)


_NOTED = ("recordings", "seconds", "build_seconds", "coarse_bytes")
_FIELDS = tuple(manifest.Manifest.__dataclass_fields__)


def _all(first: list[Reference], distractors: Distractors, count: int) -> Iterator[Reference]:
    yield from first
    for number in range(count - len(first)):
        yield _made_up(number, distractors.recording(number), distractors.rows)


def _made_up(number: int, vectors: NDArray[np.int8], rows: int) -> Reference:
    name = f"made-up-{number:07}"
    recording = Recording(name, None, f"Made up {number}", None, None, (), False, rows / 2 + 1.5, "recording")
    return Reference(
        recording, hashlib.sha256(name.encode()).hexdigest(), Fingerprint(vectors, 0.0, rows / 2 - 0.5)
    )


@dataclass(frozen=True, eq=False)
class _Generated:
    """The vectors of all recordings, made when they are asked for; enough of an array for the coarse index's builder."""

    real: NDArray[np.int8]
    distractors: Distractors
    shape: tuple[int, int]

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        found = np.empty((len(rows), self.shape[1]), dtype=np.int8)
        real = rows < len(self.real)
        found[real] = self.real[rows[real]]
        found[~real] = self.distractors.some(*np.divmod(rows[~real] - len(self.real), self.distractors.rows))
        return found

    def __len__(self) -> int:
        return self.shape[0]


def _thin(parts: Path, first: list[Reference], distractors: Distractors, count: int, hop: float) -> PartEntry:
    beside = parts / "thin"
    beside.mkdir(parents=True)
    real = np.concatenate([one.fingerprint.vectors for one in first])
    tables = Tables(beside / manifest.RECORDINGS)
    nothing = np.zeros((1, real.shape[1]), dtype=np.int8)
    lengths, last, seconds = [], [], 0.0
    for number, one in enumerate(_named(first, distractors, count, nothing)):
        tables.add(number, one)
        lengths.append(len(one.fingerprint.vectors) if number < len(first) else distractors.rows)
        last.append(one.fingerprint.last_seconds)
        seconds += one.recording.seconds
    tables.close()
    first_rows = np.concatenate([[0], np.cumsum(lengths)]).astype("<i8")
    first_rows.tofile(beside / manifest.FIRST_ROWS)
    np.array(last, dtype="<f8").tofile(beside / manifest.LAST_SECONDS)
    rows = int(first_rows[-1])
    with (beside / manifest.VECTORS).open("wb") as file:
        file.write(real.tobytes())
        file.truncate(rows * real.shape[1])
    generated: Any = _Generated(real, distractors, (rows, real.shape[1]))
    chosen = coarse.chosen_rows(first_rows, hop)
    of_real = chosen < len(real)
    sounding = np.concatenate([coarse.sounding(real, chosen[of_real]), chosen[~of_real]])
    size = coarse.write_of(generated, sounding, beside, THREADS)
    digest = part_writing.describe(beside, PartDescription(count, rows, seconds, (), size))
    return PartEntry("thin", digest)


def _named(
    first: list[Reference], distractors: Distractors, count: int, nothing: NDArray[np.int8]
) -> Iterator[Reference]:
    yield from first
    for number in range(count - len(first)):
        yield _made_up(number, nothing, distractors.rows)
