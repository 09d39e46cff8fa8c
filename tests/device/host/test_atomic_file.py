"""A file is there whole or not at all."""

import errno
import os
import resource
import signal
import threading
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest

from device.host.atomic_file import replace, write_new


@pytest.mark.parametrize("write", [replace, write_new])
def test_a_file_is_written_whole_with_its_mode(tmp_path: Path, write: Callable[..., None]) -> None:
    previous = os.umask(0o077)  # the mode asked for holds, whatever the umask
    try:
        write(tmp_path / "settings.json", b"content", mode=0o640)
    finally:
        os.umask(previous)
    assert (tmp_path / "settings.json").read_bytes() == b"content"
    assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [tmp_path / "settings.json"]


def test_a_file_that_is_there_is_replaced_only_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    write_new(path, b"first")
    with pytest.raises(FileExistsError):
        write_new(path, b"second")
    assert path.read_bytes() == b"first"
    replace(path, b"third")
    assert path.read_bytes() == b"third"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_sees_the_old_or_the_new_and_nothing_between(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    contents = {bytes([letter]) * 300_000 for letter in b"abc"}
    replace(path, min(contents))
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for content in sorted(contents) * 5:
        replace(path, content)
    done.set()
    reader.join()
    assert seen <= contents


@pytest.mark.parametrize("write", [replace, write_new])
def test_a_disk_that_takes_no_more_leaves_what_was_there(tmp_path: Path, write: Callable[..., None]) -> None:
    kept, path = tmp_path / "kept", tmp_path / "settings.json"
    replace(kept, b"old")
    path = kept if write is replace else path

    def task() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
        try:
            write(path, b"x" * 5_000)
        except OSError as error:
            os._exit(0 if error.errno == errno.EFBIG else 1)
        os._exit(2)

    process = get_context("fork").Process(target=task)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert list(tmp_path.iterdir()) == [kept]
    assert kept.read_bytes() == b"old"


@pytest.mark.parametrize("write", [replace, write_new])
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, write: Callable[..., None]) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "absent" / "settings.json", b"content")


def test_a_folder_in_the_files_place_stays_and_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()
    with pytest.raises(IsADirectoryError):
        replace(tmp_path / "settings.json", b"content")
    assert list(tmp_path.iterdir()) == [tmp_path / "settings.json"]
