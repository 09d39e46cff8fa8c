"""Tags of the three families, as files carry them."""

import subprocess
from pathlib import Path

import mutagen
import pytest
from mutagen.id3 import TCOM, TIT2, TPE1, TPUB, TSRC, TXXX
from mutagen.mp3 import MP3
from mutagen.wave import WAVE

from central.catalogue import tags
from central.catalogue.tags import Tags
from device.catalogue.recording import Creator, Work
from tests.central.catalogue import music

TOLD = Tags(
    isrc="KZA012600001",
    title="Kyui",
    artist="Dina, Kurmangazy",
    label="KazLabel",
    works=(Work("T0345246801", "Kyui", (Creator("Abai", "C", None),)),),
)


@pytest.mark.parametrize("ending", ["flac", "ogg"])
def test_vorbis_comments_are_read(tmp_path: Path, ending: str) -> None:
    path = music.write(tmp_path / f"a.{ending}", 1, 0.5, 48000)
    file = mutagen.File(path)
    file["TITLE"], file["artist"], file["organization"] = "Kyui", ["Dina", "Kurmangazy"], "KazLabel"
    file["isrc"], file["ISWC"], file["composer"] = "KZ-A01-26-00001", "T-034.524.680-1", "Abai"
    file.save()
    assert tags.read(path) == TOLD


@pytest.mark.parametrize(("ending", "kind"), [("mp3", MP3), ("wav", WAVE)])
def test_id3_frames_are_read(tmp_path: Path, ending: str, kind: type[MP3] | type[WAVE]) -> None:
    path = music.write(tmp_path / f"a.{ending}", 1, 0.5, 48000)
    file = kind(path)
    file.add_tags()
    for frame in (
        TIT2(text="Kyui"),
        TPE1(text=["Dina", "Kurmangazy"]),
        TPUB(text="KazLabel"),
        TSRC(text="KZA012600001"),
        TCOM(text="Abai"),
        TXXX(desc="ISWC", text="T0345246801"),
        TXXX(desc="mood", text="calm"),
    ):
        file.tags.add(frame)
    file.save()
    assert tags.read(path) == TOLD


def test_mp4_atoms_are_read(tmp_path: Path) -> None:
    wav = music.write(tmp_path / "a.wav", 1, 0.5, 44100)
    path = tmp_path / "a.m4a"
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, "-c:a", "aac", path], check=True)
    file = mutagen.File(path)
    file["\xa9nam"], file["\xa9ART"], file["\xa9wrt"] = "Kyui", ["Dina", "Kurmangazy"], "Abai"
    file["----:com.apple.iTunes:LABEL"] = b"KazLabel"
    file["----:com.apple.iTunes:ISRC"] = b"KZA012600001"
    file["----:com.apple.iTunes:ISWC"] = b"T0345246801"
    file.save()
    assert tags.read(path) == TOLD


def test_a_wrong_identifier_is_left_out_and_remarked_on(tmp_path: Path) -> None:
    path = music.write(tmp_path / "a.flac", 1, 0.5)
    file = mutagen.File(path)
    file["title"], file["isrc"], file["iswc"] = "Kyui", "12345", "T-034.524.680-2"
    file.save()
    found = tags.read(path)
    assert (found.title, found.isrc, found.works) == ("Kyui", None, ())
    assert [remark.split(" is not")[0] for remark in found.remarks] == [
        "a tag is left out: '12345'",
        "a tag is left out: 'T-034.524.680-2'",
    ]


def test_a_medley_s_composers_are_not_guessed_onto_its_works(tmp_path: Path) -> None:
    path = music.write(tmp_path / "a.flac", 1, 0.5)
    file = mutagen.File(path)
    file["iswc"], file["composer"] = ["T0345246801", "T0000000010"], ["Abai", "Bayan"]
    file.save()
    assert tags.read(path).works == (Work("T0345246801", None, ()), Work("T0000000010", None, ()))


@pytest.mark.parametrize(
    "content", [b"", b"ID3\x04\x00\x00\x00\x00\x0f\x76", b"fLaC" + bytes(40), b"OggS" + bytes(40)]
)
def test_a_file_whose_tags_are_damaged_has_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert tags.read(path) == Tags()
