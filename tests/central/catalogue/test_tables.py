"""Tables as people save them, and all that is wrong with one."""

from pathlib import Path

import pytest

from central.catalogue import tables
from central.catalogue.tables import Row, Table
from device.errors import Refused

COLUMNS = ("file", "recording", "title")


def read(folder: Path, content: str | bytes) -> Table:
    path = folder / "songs.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return tables.read(path, COLUMNS, required=("file", "recording"))


def faults(folder: Path, content: str) -> list[str]:
    return [str(fault).removeprefix(f"{folder}/") for fault in read(folder, content).faults]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_table_is_read_however_a_spreadsheet_saved_it(
    tmp_path: Path, separator: str, ending: str, mark: str
) -> None:
    lines = [["File", "recording", "title"], ["a.wav", " A1 ", '"Көзімнің, қарасы; 1"']]
    table = read(tmp_path, mark + ending.join(separator.join(line) for line in lines) + ending)
    assert table.faults == ()
    assert table.rows == (Row(2, {"file": "a.wav", "recording": "A1", "title": "Көзімнің, қарасы; 1"}),)


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    table = read(tmp_path, 'file,recording,title\na.wav,A,"two\nlines"\n\n,,\nb.wav,B,\n')
    assert [row.number for row in table.rows] == [2, 5]
    assert table.rows[0].cells["title"] == "two\nlines"


def test_all_unknown_columns_are_named(tmp_path: Path) -> None:
    found = faults(tmp_path, "file,recording,tittle,bpm,\na.wav,A,x,120,\n")
    known = "there is no such column; there are: file, recording, title."
    assert found == [
        f"songs.csv, row 1, column tittle: {known}",
        f"songs.csv, row 1, column bpm: {known}",
        f"songs.csv, row 1, column without a name: {known}",
    ]


def test_missing_and_doubled_columns_are_named(tmp_path: Path) -> None:
    assert faults(tmp_path, "file,title,title\na.wav,x,y\n") == [
        "songs.csv, row 1, column title: the heading has it twice.",
        "songs.csv, row 1, column recording: the column is missing.",
    ]


def test_empty_cells_that_must_be_filled_and_cells_too_many_are_named(tmp_path: Path) -> None:
    assert faults(tmp_path, "file,recording\na.wav,\n,B\na.wav,C,D\nb.wav\nc.wav,C,\n") == [
        "songs.csv, row 2, column recording: it is empty.",
        "songs.csv, row 3, column file: it is empty.",
        "songs.csv, row 4: it has 3 cells under 2 headings.",
        "songs.csv, row 5, column recording: it is empty.",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("file,recording\nҚазақ,A\n".encode("cp1251", "replace"), "is not UTF-8 text"),
        (b"", "is empty"),
        (b'file,recording\n"a.wav,A\n', "line 2"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(tmp_path, content)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        tables.read(tmp_path / "none.csv", COLUMNS, ())


def test_a_hopeless_table_is_refused_with_some_of_its_faults_and_their_number(tmp_path: Path) -> None:
    table = read(tmp_path, "file,recording\n" + "a.wav,\n" * 250)
    with pytest.raises(Refused, match=r"row 101, (.|\n)*and 150 more(.|\n)*Correct the 250 faults") as caught:
        tables.refuse(list(table.faults))
    assert "row 102," not in str(caught.value)
    tables.refuse([])
