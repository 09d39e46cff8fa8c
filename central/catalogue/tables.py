"""Tables: CSV files as people save them, and everything that is wrong with one said at once.

Spreadsheets save commas, semicolons (where the comma is the decimal sign, as in Kazakhstan) or tabs; all are
read. The text must be UTF-8, because a guessed encoding turns Kazakh letters into others silently.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from device.errors import Refused

_FAULTS_SHOWN = 100


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a table."""

    table: Path
    row: int  # as a spreadsheet counts: the heading is row 1
    column: str | None  # None: it concerns the whole row
    text: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.table}, row {self.row}{column}: {self.text}."


@dataclass(frozen=True)
class Row:
    """A row under the heading."""

    number: int  # as a spreadsheet counts: the first one is row 2
    cells: dict[str, str]  # by column, without white space around; each column of the heading is there


@dataclass(frozen=True)
class Table:
    """A table that was read."""

    path: Path
    columns: frozenset[str]
    rows: tuple[Row, ...]  # without those that are empty
    faults: tuple[Fault, ...]


def read(path: Path, columns: tuple[str, ...], required: tuple[str, ...]) -> Table:
    """Read a CSV file.

    Args:
        path: The file.
        columns: All that it may have.
        required: Those of them that must be there and filled in.

    Returns:
        The rows, and what is wrong with them.

    Raises:
        Refused: It cannot be read as a table at all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("table-unreadable", f"{path} is not UTF-8 text.", "Save it as 'CSV UTF-8'.") from error
    except OSError as error:
        raise Refused(
            "table-unreadable", f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        lines = [[cell.strip() for cell in line] for line in reader]
    except csv.Error as error:
        raise Refused(
            "table-unreadable",
            f"{path}, line {reader.line_num}: {error}.",
            "Check the quotation marks there.",
        ) from error
    if not lines:
        raise Refused(
            "table-unreadable", f"{path} is empty.", f"Its first row names columns: {', '.join(columns)}."
        )
    heading = [name.lower() for name in lines[0]]
    faults = _heading_faults(path, heading, columns, required)
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(line):
            continue
        if len(line) > len(heading) and any(line[len(heading) :]):
            faults.append(
                Fault(path, number, None, f"it has {len(line)} cells under {len(heading)} headings")
            )
        cells = dict.fromkeys(heading, "") | dict(zip(heading, line, strict=False))
        faults += [Fault(path, number, name, "it is empty") for name in required if not cells.get(name, " ")]
        rows.append(Row(number, cells))
    return Table(path, frozenset(heading), tuple(rows), tuple(faults))


def read_text(path: Path) -> str:
    """Read a text file, with or without the mark that spreadsheets put in front of UTF-8.

    Raises:
        Refused: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("table-unreadable", f"{path} is not UTF-8 text.", "Save it as 'CSV UTF-8'.") from error
    except OSError as error:
        raise Refused(
            "table-unreadable", f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from error


def refuse(faults: list[Fault]) -> None:
    """Stop if there are faults, and name all of them.

    Raises:
        Refused: There are.
    """
    if not faults:
        return
    lines = [str(fault) for fault in faults[:_FAULTS_SHOWN]]
    if len(faults) > _FAULTS_SHOWN:
        lines.append(f"... and {len(faults) - _FAULTS_SHOWN} more.")
    count = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
    raise Refused(
        "table-faults", "\n".join(lines) + "\n", f"Correct the {count} and build again; nothing was built."
    )


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(",;\t", key=heading.count)


def _heading_faults(
    path: Path, heading: list[str], columns: tuple[str, ...], required: tuple[str, ...]
) -> list[Fault]:
    known = ", ".join(columns)
    faults = [
        Fault(path, 1, name or "without a name", f"there is no such column; there are: {known}")
        for name in heading
        if name not in columns
    ]
    faults += [
        Fault(path, 1, name, "the heading has it twice") for name in columns if heading.count(name) > 1
    ]
    faults += [Fault(path, 1, name, "the column is missing") for name in required if name not in heading]
    return faults
