"""Metadata: what is known about recordings beside their sound, from tables, from tags or from a file's name.

    --metadata   file, recording [, isrc, title, artist, label, iswc, ai_generated]   a row a recording
    --works      iswc, title, creator, role, ipi                                      a row a creator of a work

A column that the metadata table has is the truth, also where a cell is empty; a column that it lacks is read
from the file's tags. A file without a row has its tags, and its name without the ending as id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from central.catalogue import identifiers, tables
from central.catalogue.tables import Fault
from central.catalogue.tags import Tags
from device.catalogue.recording import Creator, Recording, Work

COLUMNS = ("file", "recording", "isrc", "title", "artist", "label", "iswc", "ai_generated")
WORK_COLUMNS = ("iswc", "title", "creator", "role", "ipi")

_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


@dataclass(frozen=True)
class MetadataRow:
    """A row of the metadata table, checked; None where the table has no such column or an empty cell."""

    table: Path
    number: int  # as a spreadsheet counts
    file: str
    recording: str
    columns: frozenset[str]  # those that the table has
    isrc: str | None
    title: str | None
    artist: str | None
    label: str | None
    iswcs: tuple[str, ...]
    ai_generated: bool


@dataclass(frozen=True)
class Metadata:
    """All that is known about a recording before it is heard."""

    id: str
    isrc: str | None
    title: str | None
    artist: str | None
    label: str | None
    works: tuple[Work, ...]
    ai_generated: bool

    def recording(self, seconds: float) -> Recording:
        """Join it with how long the recording sounds."""
        return Recording(
            self.id,
            self.isrc,
            self.title,
            self.artist,
            self.label,
            self.works,
            self.ai_generated,
            seconds,
            "recording",
        )


def read_rows(path: Path) -> tuple[list[MetadataRow], list[Fault]]:
    """Read a metadata table.

    Returns:
        Its rows, and everything that is wrong with them; rows with faults have placeholders.

    Raises:
        Refused: It cannot be read as a table at all.
    """
    table = tables.read(path, COLUMNS, required=("file", "recording"))
    faults = list(table.faults)
    rows = []
    files: dict[str, int] = {}
    for row in table.rows:
        check = _Checker(path, row, faults)
        if not row.cells.get("file") or not row.cells.get("recording"):
            continue  # said already
        file = row.cells["file"]
        if file in files:
            faults.append(Fault(path, row.number, "file", f"{file!r} stands in row {files[file]} already"))
        files.setdefault(file, row.number)
        rows.append(
            MetadataRow(
                table=path,
                number=row.number,
                file=file,
                recording=check("recording", identifiers.check_recording_id) or "",
                columns=table.columns,
                isrc=check("isrc", identifiers.check_isrc),
                title=check("title", identifiers.check_name),
                artist=check("artist", identifiers.check_name),
                label=check("label", identifiers.check_name),
                iswcs=check("iswc", identifiers.check_iswcs) or (),
                ai_generated=check("ai_generated", _yes) or False,
            )
        )
    return rows, faults


def read_works(path: Path) -> tuple[dict[str, Work], list[Fault]]:
    """Read a table of works and their creators.

    Returns:
        Works by ISWC, creators in the table's order, and everything that is wrong with the table.

    Raises:
        Refused: It cannot be read as a table at all.
    """
    table = tables.read(path, WORK_COLUMNS, required=("iswc",))
    faults = list(table.faults)
    works: dict[str, Work] = {}
    for row in table.rows:
        check = _Checker(path, row, faults)
        iswc, title = check("iswc", identifiers.check_iswc), check("title", identifiers.check_name)
        name, role, ipi = (
            check("creator", identifiers.check_name),
            check("role", identifiers.check_role),
            check("ipi", identifiers.check_ipi),
        )
        for column, value in (("creator", name), ("role", role)):
            if (
                value is None
                and not row.cells.get(column)
                and any(row.cells.get(c) for c in ("creator", "role", "ipi"))
            ):
                faults.append(Fault(path, row.number, column, "a creator needs a name and a role"))
        if iswc is None:
            continue
        work = works.get(iswc, Work(iswc, title, ()))
        if title and work.title and title != work.title:
            faults.append(Fault(path, row.number, "title", f"{iswc} is called {work.title!r} further up"))
        creators = work.creators
        if name and role:
            creator = Creator(name, role, ipi)
            if creator in creators:
                faults.append(
                    Fault(path, row.number, "creator", f"{name!r} stands there already as {role} of {iswc}")
                )
            creators = (*creators, creator)
        works[iswc] = Work(iswc, work.title or title, creators)
    return works, faults


def read_ids(path: Path) -> tuple[frozenset[str], list[Fault]]:
    """Read recordings' ids from a text file, one a line.

    Raises:
        Refused: It cannot be read.
    """
    ids: set[str] = set()
    faults: list[Fault] = []
    for number, line in enumerate(tables.read_text(path).splitlines(), start=1):
        if line.strip():
            try:
                ids.add(identifiers.check_recording_id(line))
            except ValueError as error:
                faults.append(Fault(path, number, None, str(error)))
    return frozenset(ids), faults


def describe(file: Path, row: MetadataRow | None, tags: Tags, works: dict[str, Work]) -> Metadata:
    """Join what table, tags and name say about a file.

    Args:
        file: The file; its name is the last resort for an id.
        row: The metadata table's row, if it has one.
        tags: What the file says about itself.
        works: Works by ISWC, from the table of works.

    Raises:
        ValueError: The file's name cannot be an id.
    """
    columns = row.columns if row else frozenset[str]()
    named = tuple(Work(iswc, None, ()) for iswc in row.iswcs) if row and "iswc" in columns else tags.works
    return Metadata(
        id=row.recording if row else identifiers.check_recording_id(file.stem),
        isrc=row.isrc if row and "isrc" in columns else tags.isrc,
        title=row.title if row and "title" in columns else tags.title,
        artist=row.artist if row and "artist" in columns else tags.artist,
        label=row.label if row and "label" in columns else tags.label,
        works=tuple(works.get(work.iswc or "", work) for work in named),
        ai_generated=row.ai_generated if row else False,
    )


Value = TypeVar("Value")


class _Checker:
    """Reads the cells of a row, and notes where a cell is wrong instead of stopping there."""

    def __init__(self, table: Path, row: tables.Row, faults: list[Fault]) -> None:
        self._table, self._row, self._faults = table, row, faults

    def __call__(self, column: str, check: Callable[[str], Value]) -> Value | None:
        """Give what a cell means; None if it is empty, absent or wrong."""
        cell = self._row.cells.get(column, "")
        if not cell:
            return None
        try:
            return check(cell)
        except ValueError as error:
            self._faults.append(Fault(self._table, self._row.number, column, str(error)))
            return None


def _yes(text: str) -> bool:
    if text.lower() not in _YES:
        raise ValueError(f"{text!r} is neither yes nor no")
    return _YES[text.lower()]
