"""Processes that fingerprint side by side, and one of them dying."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.catalogue.store import Store
from central.catalogue.workers import Task, fingerprint_all
from device.embedding import EmbeddingModel, shipped_model_path
from device.errors import Broken
from device.features import PARAMETERS
from tests.central.catalogue import music
from tests.central.catalogue.processes import children


@pytest.fixture
def store(tmp_path: Path, model: EmbeddingModel) -> Store:
    kept = Store(tmp_path / "store", model.digest, PARAMETERS.digest, 0.5)
    kept.folder.mkdir()
    return kept


def test_files_are_given_out_as_they_are_done_and_not_all_at_once(tmp_path: Path, store: Store) -> None:
    given: list[int] = []

    def tasks() -> Iterator[Task]:
        for number in range(40):
            given.append(number)
            yield Task(music.write(tmp_path / f"{number}.wav", number, 2.0, 8000), f"{number:064x}")

    done = fingerprint_all(tasks(), shipped_model_path(), store, jobs=1)
    first = next(done)
    assert first.fault is None
    assert len(given) < 10
    assert sum(one.fault is None for one in done) == 39
    assert len(list(store.folder.iterdir())) == 40


def test_a_worker_that_dies_ends_the_build_with_advice_and_what_was_done_stays(
    tmp_path: Path, store: Store
) -> None:
    tasks = [Task(music.write(tmp_path / f"{n}.wav", n, 20.0, 8000), f"{n:064x}") for n in range(8)]
    done = fingerprint_all(tasks, shipped_model_path(), store, jobs=1)
    first = next(done)
    for worker in children(os.getpid()):
        if b"spawn_main" in Path(f"/proc/{worker}/cmdline").read_bytes():
            os.kill(worker, signal.SIGKILL)
    with pytest.raises(Broken, match="has died"):
        list(done)
    assert first.task.content in store


def test_without_ffmpeg_the_build_stops_and_says_what_to_install(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(music.write(tmp_path / "a.wav", 1, 2.0), "ab" * 32)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Broken) as caught:
        list(fingerprint_all([task], shipped_model_path(), store, jobs=1))
    assert caught.value.code == "ffmpeg-missing"
    assert "Install it" in caught.value.advice
