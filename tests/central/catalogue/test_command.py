"""`estu-central catalogue`, as a person and as a script use it."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from central.catalogue import command
from central.catalogue.fingerprinting import fingerprint
from device.embedding import EmbeddingModel
from tests.central.catalogue import music
from tests.central.catalogue.conftest import Builder, Opener
from tests.central.catalogue.processes import children, living, wait_for
from tests.central.catalogue.reading import contents

RUN = """
import argparse, sys
from central.catalogue import command
parser = argparse.ArgumentParser(prog="estu-central")
command.add_arguments(parser.add_subparsers())
sys.exit(command.run(parser.parse_args()))
"""


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="estu-central")
    command.add_arguments(parser.add_subparsers())
    return command.run(parser.parse_args(["catalogue", *map(str, arguments)]))


def test_a_catalogue_is_built_and_shown(
    collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], opened: Opener
) -> None:
    out = tmp_path / "out"
    assert run("build", collection, "--out", out, "--jobs", 1) == 0
    told = capsys.readouterr()
    assert "4 recordings" in told.out
    assert "4 files heard" in told.out
    assert told.err.replace("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n", "") == ""
    assert run("show", out, "--recordings", "--verify") == 0
    told = capsys.readouterr()
    with opened(out) as catalogue:
        assert f"catalogue              {catalogue.digest}\n" in told.out
        assert f"{catalogue.size} of {catalogue.dimension} bytes, one each 0.5 s" in told.out
    assert "all digests are right" in told.out
    assert [line.split("\t")[0] for line in told.out.splitlines() if "\t" in line] == [
        "abai",
        "bayan",
        "dina",
        "esil",
    ]


def test_a_skipped_file_shows_in_the_exit_status(
    collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (collection / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(3000))
    assert run("build", collection, "--out", tmp_path / "out", "--jobs", 1) == 1
    told = capsys.readouterr()
    assert "4 recordings" in told.out
    assert f"Skipped: 1.\n  {collection / 'noise.mp3'}: cannot be read as sound" in told.err


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        ("file,recording,tempo", "row 1, column tempo: there is no such column"),
        ("file,isrc", "row 1, column recording: the column is missing"),
    ],
)
def test_bad_input_builds_nothing_and_says_why(
    collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], heading: str, told: str
) -> None:
    (tmp_path / "songs.csv").write_text(f"{heading}\nabai.wav,A,1\n")
    assert run("build", collection, "--out", tmp_path / "out", "--metadata", tmp_path / "songs.csv") == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_different_recordings_of_one_id_are_named_both(
    collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    music.write(collection / "other" / "abai.flac", 99)
    assert run("build", collection, "--out", tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert f"{collection}/abai.wav and {collection}/other/abai.flac would all be recording 'abai'" in told


@pytest.mark.parametrize("arguments", [["show", "/nowhere"], ["build", "/nowhere", "--out", "/nowhere/out"]])
def test_what_is_not_there_is_a_sentence_and_not_a_traceback(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert "/nowhere" in capsys.readouterr().err


def test_a_damaged_catalogue_is_noticed_when_it_is_verified(
    collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], built: Builder
) -> None:
    built(collection)
    (vectors,) = tmp_path.glob("out/parts/*/vectors.i8")
    vectors.write_bytes(bytes(vectors.stat().st_size))
    assert run("show", tmp_path / "out") == 0
    assert run("show", tmp_path / "out", "--verify") == 2
    assert "vectors.i8 was changed" in capsys.readouterr().err


@pytest.mark.parametrize("jobs", ["0", "-1", "many"])
def test_a_number_of_processes_that_cannot_be_is_refused(
    jobs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run("build", tmp_path, "--out", tmp_path, "--jobs", jobs)
    assert caught.value.code == 2
    assert "--jobs" in capsys.readouterr().err


def test_a_build_that_is_killed_goes_on_where_it_was_and_leaves_no_worker_behind(
    tmp_path: Path, built: Builder, opened: Opener, model: EmbeddingModel
) -> None:
    folder, out = tmp_path / "music", tmp_path / "out"
    for number in range(6):
        music.write(folder / f"m{number:02}.wav", number, 60.0, 8000)
    arguments = ["catalogue", "build", str(folder), "--out", str(out), "--jobs", "2"]
    heard, workers = 0, set[int]()
    for _ in range(2):
        before = len(list(out.glob(".building/fingerprints/*.npz")))
        building = subprocess.Popen([sys.executable, "-c", RUN, *arguments], stderr=subprocess.DEVNULL)
        wait_for(lambda: len(list(out.glob(".building/fingerprints/*.npz"))) >= before + 1)  # noqa: B023
        workers = children(building.pid)
        os.kill(building.pid, signal.SIGKILL)
        building.wait()
        assert len(workers) >= 2
        wait_for(lambda: workers.isdisjoint(living()))  # noqa: B023
        heard = len(list(out.glob(".building/fingerprints/*.npz")))
        assert not (out / "catalogue.json").exists()
    assert 2 <= heard < 6
    assert built(folder, out=out).fingerprinted == 6 - heard
    with opened(out) as catalogue:
        for name, vectors in contents(catalogue).items():
            assert vectors == fingerprint(folder / f"{name}.wav", model, 0.5, pytest.fail).vectors.tobytes()
    assert not (out / ".building" / "fingerprints").exists()


def test_the_keyboard_ends_a_build_at_once_and_its_workers_too(tmp_path: Path) -> None:
    for number in range(8):
        music.write(tmp_path / "music" / f"m{number}.wav", number, 60.0, 8000)
    out = tmp_path / "out"
    command_line = [
        sys.executable,
        "-c",
        RUN,
        "catalogue",
        "build",
        str(tmp_path / "music"),
        "--out",
        str(out),
    ]
    # Where the tests themselves run in the background, the shell has them ignore the keyboard, and children inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    building = subprocess.Popen(command_line, stderr=subprocess.PIPE, text=True, start_new_session=True)
    signal.signal(signal.SIGINT, before)
    wait_for(lambda: list(out.glob(".building/fingerprints/*.npz")))
    workers = children(building.pid)
    os.killpg(building.pid, signal.SIGINT)
    _, told = building.communicate(timeout=30)
    assert building.returncode == 130
    assert "Traceback" not in told
    assert "interrupted" in told.lower()
    wait_for(lambda: workers.isdisjoint(living()))
