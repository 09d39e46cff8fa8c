"""Catalogues of made-up vectors, written by the builder's own hand."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from central.catalogue import folder, part_writing
from central.catalogue.fingerprinting import Fingerprint
from central.catalogue.part_writing import Reference
from device.catalogue import manifest
from device.catalogue.manifest import Manifest, PartEntry
from device.catalogue.recording import Creator, Recording, Work
from device.catalogue.thresholds import Thresholds
from device.embedding import EmbeddingModel, shipped_model_path
from device.features import PARAMETERS as FEATURES

MODEL = hashlib.sha256(b"model").hexdigest()
PARAMETERS = hashlib.sha256(b"parameters").hexdigest()
DIMENSION = 8
HOP = 0.5
WINDOW = 2.0

ZHELSIZ = Work("T0345246801", "Zhelsiz tunde zharyk ai", (Creator("Abai", "CA", "00014107338"),))
WITHOUT_ISWC = Work(None, "Kyui", (Creator("Kurmangazy", "C", None), Creator("A. N. Other", "AR", None)))


def reference(name: str, windows: int, seed: int, works: tuple[Work, ...] = ()) -> Reference:
    """Make up a recording whose last window starts 0.2 s after the one before it."""
    random = np.random.default_rng(seed)
    vectors = random.integers(-127, 128, size=(windows, DIMENSION), dtype=np.int8)
    last = (windows - 2) * HOP + 0.2 if windows > 1 else 0.0
    recording = Recording(
        id=name,
        isrc="KZA012600001",
        title=f"Title of {name}",
        artist=None,
        label="Мелодия",
        works=works,
        ai_generated=seed % 2 == 1,
        seconds=last + WINDOW,
        kind="recording",
    )
    return Reference(
        recording, hashlib.sha256(name.encode()).hexdigest(), Fingerprint(vectors, last + WINDOW, last)
    )


def write_manifest(out: Path, parts: Sequence[PartEntry], withdrawn: Sequence[str] = ()) -> Manifest:
    """Join parts to a catalogue."""
    written = Manifest(
        format=2,
        created="2026-01-01T00:00:00Z",
        model=MODEL,
        parameters=PARAMETERS,
        dimension=DIMENSION,
        reference_hop=HOP,
        thresholds=Thresholds(12.0, 5.0, MODEL, "made up"),
        parts=tuple(parts),
        withdrawn=folder.write_withdrawn(out, withdrawn),
    )
    folder.write_manifest(out, written)
    return written


def write_catalogue(
    out: Path, parts: Sequence[Sequence[Reference]], withdrawn: Sequence[str] = ()
) -> Manifest:
    """Write a catalogue of several parts."""
    entries = [part_writing.write(out / manifest.PARTS, references) for references in parts]
    return write_manifest(out, entries, withdrawn)


def write_usable(out: Path) -> Manifest:
    """Write a catalogue that a box with the shipped model takes; what is in it sounds like nothing."""
    model = EmbeddingModel(shipped_model_path())
    made_up = reference("abai", 8, 1)
    vectors = np.ones((8, model.dimension), dtype=np.int8)
    fingerprint = dataclasses.replace(made_up.fingerprint, vectors=vectors)
    part = part_writing.write(out / manifest.PARTS, [dataclasses.replace(made_up, fingerprint=fingerprint)])
    written = dataclasses.replace(
        write_manifest(out, [part]),
        model=model.digest,
        parameters=FEATURES.digest,
        dimension=model.dimension,
    )
    folder.write_manifest(out, written)
    return written
