"""What is known about recordings: from tables, tags and names."""

from pathlib import Path

import pytest

from central.catalogue import metadata
from central.catalogue.metadata import Metadata
from central.catalogue.tags import Tags
from device.catalogue.recording import Creator, Work

TAGS = Tags(
    isrc="KZA012600099",
    title="Tagged",
    artist="Tagger",
    label="Tag Records",
    works=(Work("T0000000010", "Tagged", ()),),
)


def table(folder: Path, text: str, name: str = "songs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def texts(folder: Path, faults: list[metadata.Fault]) -> list[str]:
    return [str(fault).removeprefix(f"{folder}/") for fault in faults]


def test_a_full_row_is_read(tmp_path: Path) -> None:
    heading = "file,recording,isrc,title,artist,label,iswc,ai_generated"
    path = table(
        tmp_path, f"{heading}\na.wav,A,kz-a01-26-00001,Kyui,Dina,KazLabel,T-034.524.680-1 T0000000010,Yes\n"
    )
    (row,), faults = metadata.read_rows(path)
    assert faults == []
    assert metadata.describe(Path("a.wav"), row, Tags(), {}) == Metadata(
        id="A",
        isrc="KZA012600001",
        title="Kyui",
        artist="Dina",
        label="KazLabel",
        works=(Work("T0345246801", None, ()), Work("T0000000010", None, ())),
        ai_generated=True,
    )


def test_every_fault_of_a_table_is_told_at_once_with_row_and_column(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "file,recording,isrc,iswc,ai_generated\n"
        "a.wav,A,KZA0126,,\n"
        "b.wav,B,,T-034.524.680-2,\n"
        "c.wav,C,,,perhaps\n"
        "a.wav,D,,,\n"
        ",E,,,\n",
    )
    _, faults = metadata.read_rows(path)
    assert texts(tmp_path, faults) == [
        "songs.csv, row 6, column file: it is empty.",
        "songs.csv, row 2, column isrc: 'KZA0126' is not an ISRC: it needs 12 characters, such as KZA012600001.",
        "songs.csv, row 3, column iswc: 'T-034.524.680-2' is not an ISWC: its last digit does not fit the others.",
        "songs.csv, row 4, column ai_generated: 'perhaps' is neither yes nor no.",
        "songs.csv, row 5, column file: 'a.wav' stands in row 2 already.",
    ]


def test_works_have_several_creators_in_the_order_of_the_table(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "iswc,title,creator,role,ipi\n"
        "T-034.524.680-1,Kara zhorga,Abai,composer,00014107338\n"
        "T-000.000.001-0,Untitled,,,\n"
        "T-034.524.680-1,,Bayan,AR,\n",
    )
    works, faults = metadata.read_works(path)
    assert faults == []
    assert works == {
        "T0345246801": Work(
            "T0345246801", "Kara zhorga", (Creator("Abai", "C", "00014107338"), Creator("Bayan", "AR", None))
        ),
        "T0000000010": Work("T0000000010", "Untitled", ()),
    }


def test_every_fault_of_a_table_of_works_is_told_at_once(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "iswc,title,creator,role,ipi\n"
        "T-034.524.680-1,One,Abai,C,14107338\n"
        "T-034.524.680-1,Two,Abai,A,\n"
        "T-034.524.680-1,,Abai,C,\n"
        "T-000.000.001-0,,Bayan,,\n"
        "T-000.000.001-0,,,C,\n"
        "nonsense,,Dina,singer,\n",
        "works.csv",
    )
    _, faults = metadata.read_works(path)
    found = texts(tmp_path, faults)
    places = [text.split(":")[0] for text in found]
    assert places == [
        "works.csv, row 2, column ipi",
        "works.csv, row 3, column title",
        "works.csv, row 4, column creator",
        "works.csv, row 5, column role",
        "works.csv, row 6, column creator",
        "works.csv, row 7, column iswc",
        "works.csv, row 7, column role",
    ]
    assert "leading zeros" in found[0]
    assert "called 'One' further up" in found[1]


def test_a_column_that_the_table_has_is_the_truth_and_tags_fill_the_others(tmp_path: Path) -> None:
    path = table(tmp_path, "file,recording,title,iswc\na.wav,A,,\n")
    (row,), _ = metadata.read_rows(path)
    found = metadata.describe(Path("a.wav"), row, TAGS, {})
    assert (found.id, found.title, found.works) == ("A", None, ())
    assert (found.isrc, found.artist, found.label) == (TAGS.isrc, TAGS.artist, TAGS.label)


def test_a_file_without_a_row_has_its_tags_and_its_name() -> None:
    found = metadata.describe(Path("/music/01. Kyui.v2.flac"), None, TAGS, {})
    assert (found.id, found.title, found.works) == ("01. Kyui.v2", "Tagged", TAGS.works)
    assert not found.ai_generated


def test_a_work_that_tags_name_gets_its_creators_from_the_table_of_works() -> None:
    known = Work("T0000000010", "Known", (Creator("Abai", "C", None),))
    assert metadata.describe(Path("a.wav"), None, TAGS, {"T0000000010": known}).works == (known,)


def test_withdrawn_ids_are_read_a_line_each(tmp_path: Path) -> None:
    path = table(tmp_path, "\ufeffA\n\n  B  \nx\x07y\n", "withdrawn.txt")
    ids, faults = metadata.read_ids(path)
    assert ids == {"A", "B"}
    assert texts(tmp_path, faults) == ["withdrawn.txt, row 4: 'x\\x07y' has characters that do not print."]


@pytest.mark.parametrize(
    ("text", "meant"), [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("0", False)]
)
def test_the_mark_of_generated_music_is_read_in_its_usual_forms(
    tmp_path: Path, text: str, meant: bool
) -> None:
    (row,), faults = metadata.read_rows(table(tmp_path, f"file,recording,ai_generated\na.wav,A,{text}\n"))
    assert faults == []
    assert row.ai_generated is meant
