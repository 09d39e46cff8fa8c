"""A collection of small music, and a build of it that somebody may watch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.catalogue import workers
from central.catalogue.builder import Order, build
from central.catalogue.report import Report
from central.catalogue.store import Store
from central.catalogue.workers import Done, Task
from device.catalogue.catalogue import Catalogue
from device.embedding import EmbeddingModel, shipped_model_path
from device.features import PARAMETERS
from tests.central.catalogue import music


@dataclass
class Onlooker:
    """Remembers the stages of a build, and may interrupt it as a person at the keyboard does."""

    interrupt_after: int | None = None  # steps
    stages: dict[str, int] = field(default_factory=dict)
    steps: int = 0

    def begin(self, stage: str, total: int) -> None:
        self.stages[stage] = total

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.interrupt_after:
            raise KeyboardInterrupt


@pytest.fixture(scope="session")
def model() -> EmbeddingModel:
    return EmbeddingModel(shipped_model_path())


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Four recordings in four formats, in folders of different depth, beside what is no music."""
    folder = tmp_path / "music"
    music.write(folder / "abai.wav", 1, 6.3)
    music.write(folder / "album" / "bayan.flac", 2, 5.0, 44100)
    music.write(folder / "album" / "disc 2" / "dina.ogg", 3, 4.2)
    music.write(folder / "esil.mp3", 4, 3.5, 44100)
    (folder / "album" / "cover.jpg").write_bytes(b"\xff\xd8")
    return folder


Builder = Callable[..., Report]


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one job do a worker's work here, for a process takes a second to start; several jobs start them as ever."""

    def fingerprint_here(tasks: Sequence[Task], model: Path, store: Store, jobs: int) -> Iterator[Done]:
        if jobs > 1:
            yield from workers.fingerprint_all(tasks, model, store, jobs)
            return
        bench = workers.Bench.set_up(model, store)
        yield from (workers.fingerprint_one(bench, task) for task in tasks)

    monkeypatch.setattr("central.catalogue.builder.fingerprint_all", fingerprint_here)


@pytest.fixture
def built(tmp_path: Path, in_this_process: None) -> Builder:
    """Build into `out`, or wherever else."""

    def run(*given: Path, watcher: Onlooker | None = None, **ordered: object) -> Report:
        order: dict[str, object] = {
            "music": given,
            "out": tmp_path / "out",
            "model": shipped_model_path(),
            "jobs": 1,
            "time": datetime(2026, 11, 22, tzinfo=UTC),
            "calibration": tmp_path / "no calibration",
        }
        return build(Order(**(order | ordered)), watcher or Onlooker())  # type: ignore[arg-type]

    return run


Opener = Callable[[Path], Catalogue]


@pytest.fixture
def opened(model: EmbeddingModel) -> Opener:
    return lambda folder: Catalogue.open(folder, model.digest, PARAMETERS.digest)
