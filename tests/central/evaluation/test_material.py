"""Material: known and unknown music never mixed, and nothing measured with sound that is missing."""

from pathlib import Path

import pytest

from central.evaluation import material
from central.evaluation.shelf import Shelf
from device.errors import Refused
from tests.central.catalogue.music import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(("known/a.wav", "known/b.wav", "unknown/c.wav", "speech/d.wav")):
        write(tmp_path / name, seed, 1.0)
    return tmp_path


def test_files_are_found_and_what_is_known_is_not_also_beside(folder: Path) -> None:
    found = material.from_folders(
        [folder / "known"],
        [folder / "unknown"],
        [folder / "speech"],
        beside=[folder / "known", folder / "speech"],
    )
    assert [file.name for file in found.known] == ["a.wav", "b.wav"]
    assert [file.name for file in found.beside] == ["d.wav"]
    assert found.noise == ()


def test_music_that_is_named_as_known_and_as_unknown_is_refused(folder: Path) -> None:
    with pytest.raises(Refused, match=r"a\.wav") as refusal:
        material.from_folders([folder / "known"], [folder], [folder / "speech"])
    assert refusal.value.code == "evaluation-known-and-unknown"


@pytest.mark.parametrize("missing", ["known", "unknown", "speech"])
def test_what_cannot_be_measured_without_is_asked_for(folder: Path, missing: str) -> None:
    named = {name: [folder / name] for name in ("known", "unknown", "speech")} | {missing: []}
    with pytest.raises(Refused, match=f"--{missing}|no {missing}"):
        material.from_folders(**named)


def test_a_shelf_reads_the_same_again_and_leaves_out_what_it_cannot_read(folder: Path) -> None:
    (folder / "known" / "no sound.wav").write_text("no sound")
    files = sorted((folder / "known").iterdir())
    shelf = Shelf(folder / "shelf", files).without_unreadable()
    assert [file.name for file in shelf.files] == ["a.wav", "b.wav"]
    first = shelf[0]
    assert len(first) == shelf.lengths()[0] == 8000
    files[0].unlink()  # decoded once, it is not needed again
    assert (Shelf(folder / "shelf", shelf.files)[0] == first).all()


def test_any_music_is_divided_by_whole_folders(tmp_path: Path) -> None:
    for album in range(4):
        for track in range(2):
            write(tmp_path / f"album {album}" / f"{track}.wav", album, 3.0)
    known, unknown = material.divided([tmp_path])
    assert {file.parent.name for file in unknown} == {"album 2"}
    assert {file.parent.name for file in known} == {"album 0", "album 1", "album 3"}
    assert len(known) + len(unknown) == 8


def test_the_music_of_a_single_folder_is_divided_by_files(tmp_path: Path) -> None:
    for track in range(4):
        write(tmp_path / f"{track}.wav", track, 3.0)
    known, unknown = material.divided([tmp_path])
    assert [file.name for file in unknown] == ["2.wav"]
    assert [file.name for file in known] == ["0.wav", "1.wav", "3.wav"]


def test_decoded_files_have_whole_paths_wherever_the_shelf_was_named_from(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert (
        Shelf(Path("shelf"), [folder / "known" / "a.wav"]).decoded(folder / "known" / "a.wav").is_absolute()
    )
