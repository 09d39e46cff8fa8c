"""Stock: what a catalogue has already, and need not be made again."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from central.catalogue.fingerprinting import Fingerprint
from central.catalogue.part_writing import Reference
from device.catalogue.catalogue import Catalogue
from device.catalogue.entries import Origin
from device.catalogue.manifest import (
    MANIFEST,
    MANIFEST_BYTES,
    PartEntry,
    decode_manifest,
    decode_withdrawn,
    read_checked,
)
from device.catalogue.part import Part
from device.errors import Refused


@dataclass(frozen=True)
class StockReference:
    """A recording that a catalogue has, in its valid form."""

    part: Part
    origin: Origin  # its number is the part's own

    @property
    def rows(self) -> range:
        """Its rows in the part."""
        first, end = self.part.first_rows[self.origin.number : self.origin.number + 2]
        return range(int(first), int(end))

    def fingerprint(self) -> Fingerprint:
        """Copy its vectors."""
        vectors = np.array(self.part.vectors[self.rows.start : self.rows.stop])
        return Fingerprint(vectors, self.origin.seconds, float(self.part.last_seconds[self.origin.number]))

    def reference(self) -> Reference:
        """Copy all of it, to be written into another part."""
        recording = self.part.entries.recording(self.origin.number)
        return Reference(recording, self.origin.content, self.fingerprint())


@dataclass(frozen=True)
class StockPart:
    """A part that a catalogue has."""

    entry: PartEntry
    part: Part
    references: tuple[StockReference, ...]  # without those that a later build replaced


def take(catalogue: Catalogue) -> list[StockPart]:
    """List what a catalogue has; withdrawn recordings too."""
    taken = []
    for entry, part in zip(catalogue.manifest.parts, catalogue.parts, strict=True):
        replaced = frozenset(entry.replaced)
        valid = (origin for origin in part.entries.origins() if origin.number not in replaced)
        taken.append(StockPart(entry, part, tuple(StockReference(part, origin) for origin in valid)))
    return taken


def open_whole(folder: Path, model: str, parameters: str, hop: float) -> Catalogue | None:
    """Open a catalogue whose vectors another may take over, and read all of it to be sure of it.

    Returns:
        None if there is none.

    Raises:
        Refused: It is damaged, or was made by another model, by other software or with another hop.
    """
    if not (folder / MANIFEST).exists():
        return None
    catalogue = Catalogue.open(folder, model, parameters)
    try:
        _check_hop(catalogue.reference_hop, hop)
        catalogue.verify()
    except Refused:
        catalogue.close()
        raise
    return catalogue


def withdrawn(folder: Path) -> frozenset[str]:
    """Read which recordings a catalogue withdrew, whichever model it was made by.

    Raises:
        Refused: It does not say so any more, and guessing would bring them back.
    """
    if not (folder / MANIFEST).exists():
        return frozenset()
    try:
        listed = decode_manifest(read_checked(folder / MANIFEST, MANIFEST_BYTES)).withdrawn
        if listed is None:
            return frozenset()
        return decode_withdrawn(read_checked(folder / listed.name, listed.size, listed.sha256))
    except Refused as error:
        raise Refused(
            "withdrawn-unknown",
            f"{folder} does not tell any more which recordings were withdrawn. {error.message}",
            "Say it with --withdrawn FILE, one id a line; an empty file for none.",
        ) from error


def _check_hop(found: float, wanted: float) -> None:
    if found != wanted:
        raise Refused(
            "catalogue-other-hop",
            f"The catalogue's vectors are {found} s apart instead of {wanted} s.",
            "Build it again.",
        )
