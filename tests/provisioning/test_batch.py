"""Many boxes from a spreadsheet."""

from pathlib import Path

import pytest

from device.errors import Refused
from provisioning.batch import read_batch
from provisioning.box import Box

HEADER = "box,venue,hall,language\n"


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "boxes.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def faults_of(path: Path, known: set[str] | None = None) -> list[str]:
    with pytest.raises(Refused) as refusal:
        read_batch(path, known or set())
    assert refusal.value.code == "batch-faulty"
    return [line.strip() for line in refusal.value.message.split("\n")[1:]]


def test_a_batch_gives_its_boxes_in_order(tmp_path: Path) -> None:
    path = written(
        tmp_path, 'hall,box,language,venue,microphone\nMain,estu-2,kk,"Opera, the",USB\n\n1,estu-1,ru,Кино,\n'
    )
    assert read_batch(path, {"estu-3"}) == [
        Box("estu-2", "Opera, the", "Main", "kk", "USB"),
        Box("estu-1", "Кино", "1", "ru", ""),
    ]


def test_a_batch_as_a_russian_spreadsheet_saves_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffBox;Venue;Hall;Language\r\nestu-1;Опера, Астана;Зал 1;ru\r\n")
    assert read_batch(path, set()) == [Box("estu-1", "Опера, Астана", "Зал 1", "ru")]


def test_every_fault_is_named_by_row_and_column(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEADER
        + "estu-1,Opera,Main,kz\n\nESTU-2,,Main,kk\nestu-3,Opera,Main\nestu-1,Opera,2,ru\nestu-9,a,b,kk\n",
    )
    assert faults_of(path, {"estu-9"}) == [
        'row 2, column language: "kz" is not one of kk, ru, en.',
        'row 4, column box: "ESTU-2" is not 3 to 32 lower-case letters, digits and hyphens (first no hyphen).',
        "row 4, column venue: it is empty.",
        "row 5: it has 3 cells, the first row has 4.",
        'row 6, column box: "estu-1" stands in row 2 already.',
        'row 7, column box: "estu-9" is in the register already.',
    ]


def test_faults_of_the_first_row_are_named(tmp_path: Path) -> None:
    assert faults_of(written(tmp_path, "box,venue,venue,colour\nestu-1,a,b,c\n")) == [
        'row 1: the column "hall" is missing.',
        'row 1: the column "language" is missing.',
        'row 1: the column "colour" is not known.',
        'row 1: the column "venue" stands twice.',
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it is empty."),
        (HEADER, "it names no box."),
        (HEADER + ",,,\n", "it names no box."),
        (
            "box,venue,hall,language\nestu-1,Опера,Зал,ru\n".encode("cp1251"),
            'it is not UTF-8; save it as "CSV UTF-8".',
        ),
        (HEADER + 'estu-1,"Op"era,Main,kk\n', "it is not a CSV file (',' expected after '\"')."),
        (HEADER + "x" * 1024 * 1024, "it is larger than 1048576 bytes."),
        (HEADER + "\n" * 1001, "it has 1001 rows, 1000 are allowed."),
    ],
)
def test_a_file_that_is_no_batch_is_refused(tmp_path: Path, content: str | bytes, fault: str) -> None:
    assert faults_of(written(tmp_path, content)) == [fault]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "absent.csv") == ["No such file or directory."]
