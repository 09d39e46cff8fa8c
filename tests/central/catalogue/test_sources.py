"""Finding music under what a person named."""

import os
from pathlib import Path

import pytest

from central.catalogue import sources
from device.errors import Refused


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path.resolve()


def test_folders_are_searched_to_their_depth_and_each_file_is_found_once(tmp_path: Path) -> None:
    one, two = touch(tmp_path / "a" / "b" / "one.FLAC"), touch(tmp_path / "two.mp3")
    (tmp_path / "link.mp3").symlink_to(two)
    found = sources.find([tmp_path, tmp_path / "a", two])
    assert found.files == (one, two)
    assert found.roots == (tmp_path.resolve(), (tmp_path / "a").resolve())


def test_what_does_not_end_like_sound_is_left_out_unless_it_is_named_itself(tmp_path: Path) -> None:
    song, cover, strange = (
        touch(tmp_path / "a.ogg"),
        touch(tmp_path / "cover.jpg"),
        touch(tmp_path / "take-7.raw"),
    )
    found = sources.find([tmp_path])
    assert (found.files, found.left_out) == ((song,), 2)
    found = sources.find([tmp_path, strange])
    assert (found.files, found.left_out) == ((song, strange), 1)
    assert cover not in found.files


def test_hidden_files_pipes_and_links_to_nowhere_are_passed_by(tmp_path: Path) -> None:
    song = touch(tmp_path / "a.ogg")
    touch(tmp_path / ".trash" / "b.ogg")
    touch(tmp_path / "._a.ogg")
    (tmp_path / "dead.ogg").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.ogg")
    found = sources.find([tmp_path])
    assert (found.files, found.left_out) == ((song,), 0)


def test_everything_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no .*x and no .*y"):
        sources.find([tmp_path / "x", tmp_path, tmp_path / "y"])


def test_a_folder_without_music_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "notes.txt")
    with pytest.raises(Refused, match=r"No sound files .*\(1 others\)"):
        sources.find([tmp_path])
