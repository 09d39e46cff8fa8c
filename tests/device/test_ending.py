"""How the last run of the service ended, as the next one finds it."""

from pathlib import Path

import pytest

from device.ending import Ending, judge


def test_the_first_start_and_an_orderly_end_are_no_incident(tmp_path: Path) -> None:
    first = Ending(tmp_path)
    assert first.last() is None
    first.begin()
    first.end()
    (tmp_path / "listen-ended").write_text("success exited 0\n")
    assert Ending(tmp_path).last() is None


def test_a_run_that_was_killed_leaves_its_mark(tmp_path: Path) -> None:
    Ending(tmp_path).begin()
    found = Ending(tmp_path).last()
    assert found is not None
    assert found.code == "crash"


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("watchdog dumped ABRT", "watchdog"),
        ("watchdog killed KILL", "watchdog"),
        ("exit-code exited 1", "crash"),
        ("signal killed SEGV", "crash"),
        ("oom-kill killed KILL", "crash"),
    ],
)
def test_the_service_manager_knows_why(tmp_path: Path, word: str, code: str) -> None:
    ending = Ending(tmp_path)
    ending.begin()
    (tmp_path / "listen-ended").write_text(f"{word}\n")
    found = Ending(tmp_path).last()
    assert found is not None
    assert found.code == code
    assert found.detail == {"result": word.split(maxsplit=1)[0], "how": word.partition(" ")[2]}
    Ending(tmp_path).begin()
    assert not (tmp_path / "listen-ended").exists()  # told once


def test_a_stop_that_was_asked_for_is_no_crash_though_the_mark_is_left() -> None:
    assert judge(running=True, word="success killed TERM") is None


def test_nonsense_in_the_file_is_told_in_words_that_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "listen-ended").write_bytes(b"\x00\xffboom\x1b[31m\n" * 500)
    found = Ending(tmp_path).last()
    assert found is not None
    assert found.code == "crash"
    assert found.text.isprintable()
    assert len(found.text) < 400
