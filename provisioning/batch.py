"""Many boxes at once, from a table that a spreadsheet wrote.

Spreadsheets differ: the cells are parted by commas or, in a Russian or Kazakh locale, by semicolons; a byte order
mark may stand first. Either every row is fit, or every fault is named by row and column and nothing is enrolled.
"""

import csv
import io
from pathlib import Path

from device.errors import Refused
from provisioning.box import NEEDED, OPTIONAL, Box

COLUMNS = tuple("box" if name == "id" else name for name in NEEDED)
LARGEST = 1024 * 1024  # bytes
MOST = 1000  # boxes


def read_batch(path: Path, known: set[str]) -> list[Box]:
    """Read the boxes to enrol.

    Args:
        path: A CSV file in UTF-8 with the columns COLUMNS and, if wanted, OPTIONAL, in any order.
        known: Ids that are taken.

    Returns:
        The boxes in the order of the rows; empty rows are passed over.

    Raises:
        Refused: With every fault found. Rows are counted as a spreadsheet does: the one with the names is row 1.
    """
    header, *rows = _cells(path)
    columns = [name.strip().lower() for name in header]
    faults = _header_faults(columns)
    if len(rows) > MOST:
        faults.append(f"it has {len(rows)} rows, {MOST} are allowed")
    if faults:
        raise _faulty(path, faults)

    boxes: list[Box] = []
    taken = dict.fromkeys(known, "is in the register already")
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            faults.append(f"row {number}: it has {len(cells)} cells, the first row has {len(columns)}")
            continue
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        box = row.pop("box")
        declared = {"id": box, **row}
        found = [("box" if field == "id" else field, fault) for field, fault in Box.faults(declared)]
        if box in taken:
            found.append(("box", f'"{box}" {taken[box]}'))
        taken.setdefault(box, f"stands in row {number} already")
        faults += [f"row {number}, column {column}: {fault}" for column, fault in found]
        if not found:
            boxes.append(Box.declared(declared))
    if not boxes and not faults:
        faults.append("it names no box")
    if faults:
        raise _faulty(path, faults)
    return boxes


def _header_faults(columns: list[str]) -> list[str]:
    missing = [name for name in COLUMNS if name not in columns]
    unknown = [name for name in columns if name not in (*COLUMNS, *OPTIONAL)]
    twice = [name for name in (*COLUMNS, *OPTIONAL) if columns.count(name) > 1]
    return [
        *(f'row 1: the column "{name}" is missing' for name in missing),
        *(f'row 1: the column "{name}" is not known' for name in unknown),
        *(f'row 1: the column "{name}" stands twice' for name in twice),
    ]


def _cells(path: Path) -> list[list[str]]:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise _faulty(path, [f"it is larger than {LARGEST} bytes"])
        text = raw.decode("utf-8-sig")
        first = text.partition("\n")[0]
        separator = ";" if first.count(";") > first.count(",") else ","
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except OSError as reason:
        raise _faulty(path, [reason.strerror or "it cannot be read"]) from reason
    except UnicodeDecodeError as reason:
        raise _faulty(path, ['it is not UTF-8; save it as "CSV UTF-8"']) from reason
    except csv.Error as reason:
        raise _faulty(path, [f"it is not a CSV file ({reason})"]) from reason
    if not rows:
        raise _faulty(path, ["it is empty"])
    return rows


def _faulty(path: Path, faults: list[str]) -> Refused:
    listed = "".join(f"\n  {fault}." for fault in faults)
    return Refused(
        "batch-faulty",
        f"{path} has {len(faults)} fault{'s' if len(faults) != 1 else ''}:{listed}",
        "Nothing was enrolled. Correct the file and try again.",
    )
