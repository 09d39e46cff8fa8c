"""A survey reads a file when it must, and not again."""

import hashlib
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from central.catalogue.survey import Survey, Surveyed
from central.catalogue.tags import Tags


def look(path: Path, *files: Path) -> list[Surveyed]:
    with Survey(path / "survey.sqlite") as survey:
        return list(survey.look(files, threads=2))


def test_contents_are_told_in_the_order_of_asking(tmp_path: Path) -> None:
    files = [tmp_path / f"{number:04}.wav" for number in range(1100)]
    for file in files:
        file.write_text(file.name)
    found = look(tmp_path, *files)
    assert [one.path for one in found] == files
    assert [one.content for one in found] == [
        hashlib.sha256(file.name.encode()).hexdigest() for file in files
    ]
    assert look(tmp_path, *reversed(files)) == found[::-1]


def test_a_file_that_stayed_as_it_was_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_text("x" * 1000)
    before = look(tmp_path, file)
    with sqlite3.connect(
        tmp_path / "survey.sqlite"
    ) as database:  # what was remembered is told apart from what is
        database.execute("update files set content = 'remembered'")
    assert look(tmp_path, file) == [replace(before[0], content="remembered")]


@pytest.mark.parametrize("keep_time", [True, False])
def test_a_file_that_changed_is_read_again_even_if_its_time_was_set_back(
    tmp_path: Path, keep_time: bool
) -> None:
    file = tmp_path / "a.wav"
    file.write_text("before")
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    (before,) = look(tmp_path, file)
    file.write_text("after!")
    if keep_time:
        os.utime(file, ns=times)
    (after,) = look(tmp_path, file)
    assert before.content == hashlib.sha256(b"before").hexdigest()
    assert after.content == hashlib.sha256(b"after!").hexdigest()


def test_a_file_that_is_gone_is_told_with_the_reason_and_not_remembered(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    assert look(tmp_path, file) == [Surveyed(file, None, Tags(), "No such file or directory")]
    file.write_text("here now")
    (found,) = look(tmp_path, file)
    assert found.content is not None


def test_a_name_that_is_no_unicode_is_surveyed_too(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav"))
    file.write_text("x")
    assert look(tmp_path, file) == look(tmp_path, file)
