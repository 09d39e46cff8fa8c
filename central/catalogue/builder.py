"""The builder: from music to a catalogue, again and again into the same folder.

Rules:
1. What is on the disk under a catalogue's name is whole at every moment; the manifest changes last.
2. Work is never done twice: not after a kill, not for a file that is in the catalogue already.
3. What is wrong with the tables is said at once and nothing is built; what is wrong with a file is reported, and
   the others are built.
"""

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from central.catalogue import (
    calibrated,
    cluster,
    coarse,
    duplicates,
    folder,
    metadata,
    naming,
    part_writing,
    plan,
    sources,
    stock,
    tables,
)
from central.catalogue.fingerprinting import REFERENCE_HOP
from central.catalogue.lock import locked
from central.catalogue.metadata import MetadataRow
from central.catalogue.naming import Skipped, Wanted
from central.catalogue.part_writing import AlikeEntry
from central.catalogue.plan import Plan
from central.catalogue.report import Report, same_sound
from central.catalogue.sources import Sources
from central.catalogue.stock import StockPart, StockReference
from central.catalogue.store import Store
from central.catalogue.survey import Survey, Surveyed
from central.catalogue.workers import Done, Task, fingerprint_all
from device.catalogue import manifest
from device.catalogue.catalogue import Catalogue
from device.catalogue.manifest import Manifest, PartEntry
from device.catalogue.part import Part
from device.catalogue.recording import Work
from device.embedding import EmbeddingModel
from device.errors import Broken, Refused
from device.features import PARAMETERS
from device.match import calibration

BUILDING = ".building"  # what is no part of the catalogue yet; it may be deleted, at the cost of time
_FINGERPRINTS = "fingerprints"


@dataclass(frozen=True)
class Order:
    """What is to be built."""

    music: tuple[Path, ...]  # files and folders
    out: Path  # the catalogue's folder
    model: Path
    jobs: int  # processes
    time: datetime  # now, with its zone
    metadata: Path | None = None  # table of recordings
    works: Path | None = None  # table of works and their creators
    withdrawn: Path | None = None  # a text file, one id a line; None: what was withdrawn before stays so
    calibration: Path = calibration.SHIPPED
    hop: float = REFERENCE_HOP  # seconds
    coarse_from: int = coarse.COARSE_FROM  # vectors
    dask: str | None = (
        None  # address of a cluster's scheduler that does the fingerprinting; None: processes here
    )


class Watcher(Protocol):
    """Someone who looks on."""

    def begin(self, stage: str, total: int) -> None:
        """A stage with so many steps begins."""

    def step(self) -> None:
        """A step of the stage is done."""


class Nobody:
    """A watcher where nobody looks on."""

    def begin(self, stage: str, total: int) -> None:
        """Take no notice."""

    def step(self) -> None:
        """Take no notice."""


def build(order: Order, watcher: Watcher) -> Report:
    """Build a catalogue, or bring one up to date.

    Args:
        order: What is to be built.
        watcher: Told how far it is.

    Raises:
        Refused: The tables have faults, ids clash, or nothing can be built; what was there stays as it was.
        Broken: A worker died, or the disk did not take what was written; what was done so far is kept.
    """
    rows, works, withdrawn = _read_tables(order)
    found = sources.find(order.music)
    assigned = naming.assign(rows, found.roots)
    tables.refuse(list(assigned.faults))
    model = EmbeddingModel(order.model)
    building = order.out / BUILDING
    try:
        with locked(building):
            names = naming.name(_look(found, building, order.jobs, watcher), assigned, works)
            store = Store(building / _FINGERPRINTS, model.digest, PARAMETERS.digest, order.hop)
            return _Build(order, model, store, watcher, withdrawn).run(names, found.left_out)
    except OSError as error:
        raise Broken(
            "builder-cannot-write",
            f"{error.filename or order.out}: {error.strerror}.",
            "Check the disk and its space, and build again: what is done is kept.",
        ) from error


def _read_tables(order: Order) -> tuple[list[MetadataRow], dict[str, Work], frozenset[str]]:
    """Read all that people wrote, so that its faults show before hours of work."""
    rows, row_faults = metadata.read_rows(order.metadata) if order.metadata else ([], [])
    works, work_faults = metadata.read_works(order.works) if order.works else ({}, [])
    listed, list_faults = metadata.read_ids(order.withdrawn) if order.withdrawn else (None, [])
    tables.refuse(row_faults + work_faults + list_faults)
    return rows, works, stock.withdrawn(order.out) if listed is None else listed


def _look(found: Sources, building: Path, threads: int, watcher: Watcher) -> Iterator[Surveyed]:
    watcher.begin("Looking at files", len(found.files))
    with Survey(building / "survey.sqlite") as survey:
        for one in survey.look(found.files, threads):
            watcher.step()
            yield one


@dataclass
class _Build:
    """One build, once the files are named."""

    order: Order
    model: EmbeddingModel
    store: Store
    watcher: Watcher
    withdrawn: frozenset[str]
    remarks: list[str] = field(default_factory=list)

    def run(self, names: naming.Names, left_out: int) -> Report:
        """Hear what is new, write it, and tidy up."""
        self.remarks += names.remarks
        former = self._open_former()
        parts = stock.take(former) if former else []
        known = {one.origin.content: one for part in parts for one in part.references}
        heard, faults = self._hear([one for one in names.wanted if one.content not in known])
        skipped = [*names.skipped]
        skipped += [
            Skipped(str(one.path), faults[one.content]) for one in names.wanted if one.content in faults
        ]
        failed = {one.metadata.id for one in names.wanted if one.content in faults}
        wanted = [one for one in names.wanted if one.content not in faults]
        planned = plan.make(wanted, names.failed | failed, parts)
        if not planned.added and not planned.kept:
            reasons = "".join(f"\n  {one.what}: {one.reason}" for one in skipped)
            raise Refused(
                "catalogue-empty", f"Nothing could be built:{reasons}\n", "Correct these, and build again."
            )
        self._write(planned, known, former)
        if former:
            former.close()
        with Catalogue.open(self.order.out, self.model.digest, PARAMETERS.digest) as built:
            self._tidy(built)
            return self._report(stock.take(built), planned, heard, skipped, left_out)

    def _open_former(self) -> Catalogue | None:
        try:
            return stock.open_whole(self.order.out, self.model.digest, PARAMETERS.digest, self.order.hop)
        except Refused as error:
            self.remarks.append(f"All is built anew. {error.message}")
            return None

    def _hear(self, unknown: Sequence[Wanted]) -> tuple[int, dict[str, str]]:
        """Fingerprint what is not in the store yet; give how many were, and by content why others could not be."""
        self.store.folder.mkdir(exist_ok=True)
        tasks = {one.content: Task(one.path, one.content) for one in unknown if one.content not in self.store}
        faults: dict[str, str] = {}
        self.watcher.begin("Fingerprinting", len(tasks))
        if tasks:
            for done in self._fingerprinted(tasks.values()):
                self.watcher.step()
                self.remarks += done.remarks
                if done.fault:
                    faults[done.task.content] = done.fault
        return len(tasks) - len(faults), faults

    def _fingerprinted(self, tasks: Collection[Task]) -> Iterator[Done]:
        if self.order.dask is not None:
            return cluster.fingerprint_all(tasks, self.order.model, self.store, self.order.dask)
        return fingerprint_all(tasks, self.order.model, self.store, min(self.order.jobs, len(tasks)))

    def _write(self, planned: Plan, known: Mapping[str, StockReference], former: Catalogue | None) -> None:
        out = self.order.out
        parts = list(planned.kept)
        self.watcher.begin("Writing", len(planned.added))
        withdrawn = folder.write_withdrawn(out, self.withdrawn)

        def joined(entries: Sequence[PartEntry]) -> Manifest:
            return Manifest(
                format=manifest.FORMAT,
                created=self.order.time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                model=self.model.digest,
                parameters=PARAMETERS.digest,
                dimension=self.model.dimension,
                reference_hop=self.order.hop,
                thresholds=calibrated.thresholds(self.model.digest, self.order.calibration),
                parts=tuple(entries),
                withdrawn=withdrawn,
            )

        def alike(beside: Path, entry: PartEntry) -> Iterator[AlikeEntry]:
            return self._alike(joined([*planned.kept, entry]), beside)

        if planned.added:
            references = (self._reference(one, known) for one in planned.added)
            parts.append(
                part_writing.write(
                    out / manifest.PARTS,
                    references,
                    self.order.coarse_from,
                    self.order.jobs,
                    self.order.hop,
                    alike,
                )
            )
        new = joined(parts)
        # Nothing new is no new catalogue: its digest stands in every event.
        if former is None or replace(new, created=former.manifest.created) != former.manifest:
            folder.write_manifest(out, new)

    def _alike(self, new: Manifest, beside: Path) -> Iterator[AlikeEntry]:
        """Find what sounds alike while the new part, the last of a manifest, lies beside."""
        parts: list[Part] = []
        row = number = 0
        for entry in new.parts:
            place = beside if entry is new.parts[-1] else self.order.out / manifest.PARTS / entry.name
            part = Part.open(place, entry, new.dimension, row, number)
            parts.append(part)
            row, number = part.rows.stop, part.numbers.stop
        catalogue = Catalogue.of("", new, parts, self.withdrawn)
        with catalogue:
            self.watcher.begin("Comparing", len(parts[-1].numbers))
            for one in duplicates.find(catalogue, parts[-1].numbers, self.watcher.step):
                own = one.number - parts[-1].numbers.start
                yield AlikeEntry(own, catalogue.recording(one.other).id, round(one.likeness, 4))

    def _reference(
        self, one: Wanted | StockReference, known: Mapping[str, StockReference]
    ) -> part_writing.Reference:
        self.watcher.step()
        if isinstance(one, StockReference):
            return one.reference()
        there = known.get(one.content)
        fingerprint = there.fingerprint() if there else self.store.read(one.content)
        return part_writing.Reference(one.metadata.recording(fingerprint.seconds), one.content, fingerprint)

    def _tidy(self, built: Catalogue) -> None:
        folder.tidy(self.order.out, built.manifest)
        shutil.rmtree(self.store.folder)

    def _report(
        self, parts: Sequence[StockPart], planned: Plan, heard: int, skipped: Sequence[Skipped], left_out: int
    ) -> Report:
        references = [one for part in parts for one in part.references]
        return Report(
            recordings=len(references),
            vectors=sum(len(one.rows) for one in references),
            seconds=sum(one.origin.seconds for one in references),
            fingerprinted=heard,
            added=sum(isinstance(one, Wanted) for one in planned.added),
            gone=planned.gone,
            skipped=tuple(skipped),
            same_sound=same_sound(parts),
            left_out=left_out,
            remarks=tuple(self.remarks),
        )
