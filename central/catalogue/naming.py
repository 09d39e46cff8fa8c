"""Naming: which recording each file is, decided before anything is heard."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from central.catalogue.metadata import Metadata, MetadataRow, describe
from central.catalogue.survey import Surveyed
from central.catalogue.tables import Fault
from device.catalogue.recording import Work
from device.errors import Refused


@dataclass(frozen=True)
class Wanted:
    """A recording that the catalogue shall have."""

    metadata: Metadata
    path: Path
    content: str  # hex SHA-256 of the file


@dataclass(frozen=True)
class Skipped:
    """Something that was asked for and cannot be built."""

    what: str
    reason: str


@dataclass(frozen=True)
class Names:
    """What the files are."""

    wanted: tuple[Wanted, ...]  # by id, ascending
    skipped: tuple[Skipped, ...]
    failed: frozenset[str]  # ids whose files are missing or cannot be read
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Assigned:
    """Which file each row of the metadata table means."""

    rows: dict[Path, MetadataRow]  # by resolved file
    missing: tuple[MetadataRow, ...]  # those whose file does not exist
    faults: tuple[Fault, ...]  # those that mean a file which another row means too


def assign(rows: Sequence[MetadataRow], roots: Sequence[Path]) -> Assigned:
    """Find the file that each row of the metadata table means.

    Args:
        rows: The table's rows; a file is named relative to the table's folder or to one of the roots, or whole.
        roots: The folders of the music.
    """
    found: dict[Path, MetadataRow] = {}
    missing: list[MetadataRow] = []
    faults: list[Fault] = []
    for row in rows:
        places = (folder / row.file for folder in (row.table.parent, *roots))
        path = next((place.resolve() for place in places if place.is_file()), None)
        if path is None:
            missing.append(row)
        elif path in found:
            text = f"row {found[path].number} means the same file, as {found[path].file!r}"
            faults.append(Fault(row.table, row.number, "file", text))
        else:
            found[path] = row
    return Assigned(found, tuple(missing), tuple(faults))


def name(files: Iterable[Surveyed], assigned: Assigned, works: dict[str, Work]) -> Names:
    """Give each file its metadata and its id.

    Byte-identical files of one id are one recording.

    Raises:
        Refused: Different files have the same id; all of them are named.
    """
    by_id: dict[str, list[Wanted]] = defaultdict(list)
    skipped = [
        Skipped(row.file, f"{row.table}, row {row.number}, column file: there is no such file")
        for row in assigned.missing
    ]
    remarks: list[str] = []
    failed = {row.recording for row in assigned.missing}
    for file in files:
        remarks += [f"{file.path}: {remark}" for remark in file.tags.remarks]
        try:
            metadata = describe(file.path, assigned.rows.get(file.path), file.tags, works)
        except ValueError as error:
            skipped.append(Skipped(str(file.path), str(error)))
            continue
        if file.content is None:
            skipped.append(Skipped(str(file.path), file.fault or "it cannot be read"))
            failed.add(metadata.id)
        else:
            by_id[metadata.id].append(Wanted(metadata, file.path, file.content))
    _check_clashes(by_id)
    for recording, same in by_id.items():
        if len(same) > 1:
            paths = " and ".join(str(wanted.path) for wanted in same)
            remarks.append(f"{paths} are the same file twice; {recording!r} is built from the first.")
    wanted = tuple(by_id[recording][0] for recording in sorted(by_id))
    return Names(wanted, tuple(skipped), frozenset(failed), tuple(remarks))


def _check_clashes(by_id: dict[str, list[Wanted]]) -> None:
    clashes = [
        f"{' and '.join(str(wanted.path) for wanted in same)} would all be recording {recording!r}."
        for recording, same in sorted(by_id.items())
        if len({wanted.content for wanted in same}) > 1
    ]
    if clashes:
        raise Refused(
            "recording-twice",
            "\n".join(clashes) + "\n",
            "Give each its own id, by its file's name or by --metadata; nothing was built.",
        )
