"""The catalogue: some parts that are searched as one."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.catalogue.manifest import (
    MANIFEST,
    MANIFEST_BYTES,
    PARTS,
    Manifest,
    decode_manifest,
    decode_withdrawn,
    read_checked,
)
from device.catalogue.part import Part, Vectors
from device.catalogue.recording import Recording
from device.catalogue.thresholds import Thresholds
from device.errors import Refused

Rows = NDArray[np.int64]

_SAME_SOUND_KEPT = 4096  # answers in memory
_RECORDINGS_KEPT = 256  # descriptions in memory; what sounds is asked for once a second


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All references of a box, in place on disk.

    A *row* is a vector's place and a *number* a recording's place; both count from 0 through all parts, in
    the manifest's order. They hold for as long as this catalogue is open and mean nothing in another one.
    Withdrawn recordings keep rows and numbers: whoever searches leaves `withdrawn_numbers` out.
    """

    digest: str  # hex SHA-256 of the manifest's bytes, which name all the rest by digest
    manifest: Manifest
    parts: tuple[Part, ...]
    withdrawn: frozenset[str]  # ids
    withdrawn_numbers: frozenset[int]  # numbers of withdrawn recordings and of outdated forms of changed ones
    _row_bounds: Rows  # first row of each part, and the number of rows
    _number_bounds: Rows  # first number of each part, and the number of recordings
    _same_sound: dict[int, tuple[int, ...]] = field(default_factory=dict)  # what was asked for lately
    _recordings: dict[int, Recording] = field(default_factory=dict)  # likewise

    @classmethod
    def open(cls, folder: Path, model_digest: str, parameters_digest: str) -> "Catalogue":
        """Open a catalogue where it lies, within a second and without reading its vectors.

        Files are checked by presence and size; `verify` compares their digests.

        Args:
            folder: The catalogue's folder.
            model_digest: Hex SHA-256 of the model that will ask; another one's vectors would be noise to it.
            parameters_digest: Hex SHA-256 of the parameters of its features.

        Raises:
            Refused: Not a catalogue, incomplete, damaged, of another format, or built for another model.
        """
        content = read_checked(folder / MANIFEST, MANIFEST_BYTES)
        manifest = decode_manifest(content)
        _check_same("model", manifest.model, model_digest)
        _check_same("parameters", manifest.parameters, parameters_digest)
        parts: list[Part] = []
        row = number = 0
        for entry in manifest.parts:
            part = Part.open(folder / PARTS / entry.name, entry, manifest.dimension, row, number)
            parts.append(part)
            row, number = part.rows.stop, part.numbers.stop
        listed = manifest.withdrawn
        withdrawn: frozenset[str] = frozenset()
        if listed is not None:
            withdrawn = decode_withdrawn(read_checked(folder / listed.name, listed.size, listed.sha256))
        return cls.of(hashlib.sha256(content).hexdigest(), manifest, parts, withdrawn)

    @classmethod
    def of(
        cls, digest: str, manifest: Manifest, parts: Sequence[Part], withdrawn: frozenset[str]
    ) -> "Catalogue":
        """Join parts that are open.

        Args:
            digest: Hex SHA-256 of the manifest's bytes.
            manifest: It names these parts, in this order.
            parts: The rows and numbers of each begin where those of the one before end.
            withdrawn: Ids.
        """
        hidden = {
            part.numbers.start + at
            for part, entry in zip(parts, manifest.parts, strict=True)
            for at in (*entry.replaced, *part.entries.numbers(withdrawn).values())
        }
        return cls(
            digest=digest,
            manifest=manifest,
            parts=tuple(parts),
            withdrawn=withdrawn,
            withdrawn_numbers=frozenset(hidden),
            _row_bounds=np.array([0, *(part.rows.stop for part in parts)], dtype=np.int64),
            _number_bounds=np.array([0, *(part.numbers.stop for part in parts)], dtype=np.int64),
        )

    def close(self) -> None:
        """Give the recordings' files back; vectors stay mapped for as long as anybody holds them."""
        for part in self.parts:
            part.entries.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def thresholds(self) -> Thresholds:
        """The scores that this catalogue's model was calibrated to."""
        return self.manifest.thresholds

    @property
    def reference_hop(self) -> float:
        """Seconds from one vector of a recording to the next."""
        return self.manifest.reference_hop

    @property
    def dimension(self) -> int:
        """The int8 values in a vector."""
        return self.manifest.dimension

    @property
    def size(self) -> int:
        """The number of vectors, those of withdrawn recordings too."""
        return int(self._row_bounds[-1])

    def __len__(self) -> int:
        """The number of recordings, withdrawn ones too; numbers run from 0 to it."""
        return int(self._number_bounds[-1])

    def vectors(self, rows: Rows) -> Vectors:
        """Copy the vectors of some rows, in their order; only these pages are read.

        Args:
            rows: (n,), from 0 up to `size`, in any order.

        Returns:
            (n, dimension), the caller's own.

        Raises:
            IndexError: A row is outside the catalogue.
        """
        found = np.empty((len(rows), self.dimension), dtype=np.int8)
        self._by_part(rows, self._row_bounds, lambda part, at, own: found.__setitem__(at, part.read(own)))
        return found

    def locate(self, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Say where vectors belong.

        A recording's last window ends with its last sample, so it starts less than a hop after the one before.

        Args:
            rows: (n,), from 0 up to `size`, in any order.

        Returns:
            The recordings' numbers (n,), and where in the recording each window starts (n,), in seconds.

        Raises:
            IndexError: A row is outside the catalogue.
        """
        numbers = np.empty(len(rows), dtype=np.int64)
        seconds = np.empty(len(rows), dtype=np.float64)

        def place(part: Part, at: Rows, own: Rows) -> None:
            found = np.searchsorted(part.first_rows, own, side="right") - 1
            numbers[at] = found + part.numbers.start
            seconds[at] = np.minimum(
                (own - part.first_rows[found]) * self.reference_hop, part.last_seconds[found]
            )

        self._by_part(rows, self._row_bounds, place)
        return numbers, seconds

    def span(self, number: int) -> range:
        """Give the rows of a recording.

        Raises:
            IndexError: There is no recording of that number.
        """
        part, own = self._own(number)
        return range(
            part.rows.start + int(part.first_rows[own]), part.rows.start + int(part.first_rows[own + 1])
        )

    def recording(self, number: int) -> Recording:
        """Give what is known about a recording.

        Raises:
            IndexError: There is no recording of that number.
        """
        if (known := self._recordings.get(number)) is not None:
            return known
        part, own = self._own(number)
        if len(self._recordings) >= _RECORDINGS_KEPT:
            self._recordings.clear()
        return self._recordings.setdefault(number, part.entries.recording(own))

    def number(self, recording_id: str) -> int | None:
        """Give the number of a recording by its id: the valid form of it, if a later part replaced an earlier.

        A withdrawn recording is found too; None means that the catalogue never had it.
        """
        wanted = frozenset({recording_id})
        found = [
            part.numbers.start + own for part in self.parts for own in part.entries.numbers(wanted).values()
        ]
        return next(
            (number for number in found if number not in self.withdrawn_numbers), found[-1] if found else None
        )

    def same_sound(self, number: int) -> tuple[int, ...]:
        """Give the other recordings that sound the same: one sound under several ids, not rivals.

        Such are recordings with exactly the same vectors, and those of which the builder found that they lie along
        each other with hardly a difference, as a re-release does.

        Returns:
            Their numbers, ascending; withdrawn ones are left out.

        Raises:
            IndexError: There is no recording of that number.
        """
        if (known := self._same_sound.get(number)) is not None:
            return known
        part, own = self._own(number)
        sound, own_id = part.entries.sound(own), part.entries.recording(own).id
        named = frozenset(part.entries.alike(own))
        alike = {
            each.numbers.start + other
            for each in self.parts
            for other in (
                *each.entries.sounding(sound),
                *each.entries.alike_to(own_id),
                *each.entries.numbers(named).values(),
            )
        }
        found = tuple(sorted(alike - self.withdrawn_numbers - {number}))
        if len(self._same_sound) >= _SAME_SOUND_KEPT:
            self._same_sound.clear()
        self._same_sound[number] = found
        return found

    def verify(self) -> None:
        """Read everything and compare it with its digests; minutes for a large catalogue.

        Raises:
            Refused: Something is not what it was when the catalogue was built.
        """
        for part in self.parts:
            part.verify()

    def _own(self, number: int) -> tuple[Part, int]:
        if not 0 <= number < len(self):
            raise IndexError(f"no recording {number} among {len(self)}")
        part = self.parts[int(np.searchsorted(self._number_bounds, number, side="right")) - 1]
        return part, number - part.numbers.start

    def _by_part(self, places: Rows, bounds: Rows, visit: Callable[[Part, Rows, Rows], None]) -> None:
        """Show each part the positions in `places` that fall into it, and the part's own rows there."""
        if len(places) and not (places.min() >= 0 and places.max() < bounds[-1]):
            raise IndexError(f"a row is outside the catalogue's {bounds[-1]}")
        if len(self.parts) == 1:
            visit(self.parts[0], np.arange(len(places)), places)
            return
        owners = np.searchsorted(bounds, places, side="right") - 1
        for index in np.unique(owners):
            at = np.flatnonzero(owners == index)
            visit(self.parts[index], at, places[at] - bounds[index])


def _check_same(what: str, built: str, asked: str) -> None:
    if built != asked:
        raise Refused(
            f"catalogue-other-{what}",
            f"The catalogue was built with {what} {built[:12]}, this software has {what} {asked[:12]}.",
            "Install the catalogue that belongs to this version, or build it again.",
        )
