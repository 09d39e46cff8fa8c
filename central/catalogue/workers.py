"""Workers: processes that fingerprint files side by side, each with a model of its own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from central.catalogue.fingerprinting import fingerprint
from central.catalogue.store import Store
from central.processes import side_by_side
from device.embedding import EmbeddingModel
from device.errors import Broken, Refused

_DIED = Broken(
    "builder-worker-died",
    "A process that fingerprints music has died.",
    "Check the memory, use fewer --jobs, and build again: what is done is kept.",
)


@dataclass(frozen=True)
class Task:
    """A file to fingerprint."""

    path: Path
    content: str  # hex SHA-256


@dataclass(frozen=True)
class Done:
    """A file that was fingerprinted into the store, or could not be."""

    task: Task
    fault: str | None  # why it could not
    remarks: tuple[str, ...] = ()  # what was wrong with a file that could be read in part
    broken: tuple[str, str, str] | None = None  # code, message and advice of what stops the whole build


def fingerprint_all(tasks: Iterable[Task], model: Path, store: Store, jobs: int) -> Iterator[Done]:
    """Fingerprint files into a store.

    Args:
        tasks: The files.
        model: The embedding model's file.
        store: Where the fingerprints go.
        jobs: How many processes work.

    Yields:
        Each file as soon as it is done, in no particular order.

    Raises:
        Broken: A worker died, or ffmpeg is missing; what was done stays in the store.
    """
    yield from side_by_side(tasks, fingerprint_one, partial(Bench.set_up, model, store), jobs, _DIED)


@dataclass(frozen=True)
class Bench:
    """What a worker has at hand."""

    model: EmbeddingModel
    store: Store

    @classmethod
    def set_up(cls, model: Path, store: Store) -> "Bench":
        """Open the model."""
        return cls(EmbeddingModel(model), store)


def fingerprint_one(bench: Bench, task: Task) -> Done:
    """Fingerprint one file into the store.

    Raises:
        Broken: ffmpeg is missing.
    """
    remarks: list[str] = []
    try:
        bench.store.write(task.content, fingerprint(task.path, bench.model, bench.store.hop, remarks.append))
    except Refused as error:
        return Done(task, error.message.removeprefix(f"{task.path} "))
    return Done(task, None, tuple(remarks))
