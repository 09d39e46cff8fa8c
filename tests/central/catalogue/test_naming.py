"""Which recording a file is, and what cannot be decided for its owner."""

from pathlib import Path

import pytest

from central.catalogue import metadata, naming
from central.catalogue.metadata import MetadataRow
from central.catalogue.naming import Assigned
from central.catalogue.survey import Surveyed
from central.catalogue.tags import Tags
from device.errors import Refused

NOBODY = Assigned({}, (), ())


def rows(folder: Path, *files: str) -> list[MetadataRow]:
    path = folder / "songs.csv"
    path.write_text("file,recording\n" + "".join(f"{file},R{number}\n" for number, file in enumerate(files)))
    found, faults = metadata.read_rows(path)
    assert faults == []
    return found


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_files_are_named_from_the_table_s_folder_from_the_music_s_or_whole(tmp_path: Path) -> None:
    beside, under = touch(tmp_path / "tables" / "a.wav"), touch(tmp_path / "music" / "x" / "b.wav")
    elsewhere = touch(tmp_path / "c.wav")
    found = naming.assign(
        rows(tmp_path / "tables", "a.wav", "x/b.wav", str(elsewhere), "d.wav"), [tmp_path, tmp_path / "music"]
    )
    assert {path: row.recording for path, row in found.rows.items()} == {
        beside: "R0",
        under: "R1",
        elsewhere: "R2",
    }
    assert [(row.number, row.file) for row in found.missing] == [(5, "d.wav")]
    assert found.faults == ()


def test_two_rows_that_mean_one_file_are_a_fault(tmp_path: Path) -> None:
    touch(tmp_path / "x" / "a.wav")
    found = naming.assign(rows(tmp_path, "x/a.wav", "a.wav"), [tmp_path / "x"])
    assert [str(fault) for fault in found.faults] == [
        f"{tmp_path}/songs.csv, row 3, column file: row 2 means the same file, as 'x/a.wav'."
    ]


def test_different_files_of_one_name_are_refused_together(tmp_path: Path) -> None:
    files = [
        Surveyed(Path(f"/m/{place}/{name}.wav"), f"{place}{name}", Tags(), None)
        for name in "ab"
        for place in "12"
    ]
    with pytest.raises(Refused) as caught:
        naming.name(files, NOBODY, {})
    assert caught.value.code == "recording-twice"
    assert "/m/1/a.wav and /m/2/a.wav would all be recording 'a'" in caught.value.message
    assert "/m/1/b.wav and /m/2/b.wav would all be recording 'b'" in caught.value.message


def test_the_same_file_in_two_places_is_one_recording_and_is_reported() -> None:
    files = [Surveyed(Path(f"/m/{place}/a.wav"), "same", Tags(), None) for place in "12"]
    names = naming.name(files, NOBODY, {})
    assert [wanted.path for wanted in names.wanted] == [Path("/m/1/a.wav")]
    (remark,) = names.remarks
    assert "/m/1/a.wav and /m/2/a.wav are the same file twice" in remark


def test_one_content_under_two_names_is_two_recordings() -> None:
    files = [Surveyed(Path(f"/m/{name}.wav"), "same", Tags(), None) for name in "ba"]
    names = naming.name(files, NOBODY, {})
    assert [wanted.metadata.id for wanted in names.wanted] == ["a", "b"]


def test_what_cannot_be_read_or_found_or_named_is_skipped_and_the_others_are_not(tmp_path: Path) -> None:
    (missing,) = rows(tmp_path, "gone.wav")
    files = [
        Surveyed(Path("/m/a.wav"), None, Tags(), "Permission denied"),
        Surveyed(Path("/m/b.wav"), "content", Tags(remarks=("a tag is left out",)), None),
        Surveyed(Path("/m/c\x07.wav"), "content", Tags(), None),
    ]
    names = naming.name(files, Assigned({}, (missing,), ()), {})
    assert [wanted.metadata.id for wanted in names.wanted] == ["b"]
    assert names.failed == {"a", "R0"}
    assert [(one.what, one.reason.split(": ")[-1]) for one in names.skipped] == [
        ("gone.wav", "there is no such file"),
        ("/m/a.wav", "Permission denied"),
        ("/m/c\x07.wav", "'c\\x07' has characters that do not print"),
    ]
    assert f"{tmp_path}/songs.csv, row 2, column file" in names.skipped[0].reason
    assert names.remarks == ("/m/b.wav: a tag is left out",)
