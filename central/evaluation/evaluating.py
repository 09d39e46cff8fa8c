"""An evaluation from files to answers; whatever takes time is kept, and not done again."""

import csv
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import numpy as np

from central.catalogue.builder import Order as CatalogueOrder
from central.catalogue.builder import Watcher, build
from central.evaluation import chromaprint, float_model, plan
from central.evaluation.answers import Asked, Heard, Kept
from central.evaluation.conditions import Condition
from central.evaluation.examining import ClipTask, Desk, StretchTask, Task, examine
from central.evaluation.float_model import FloatModel
from central.evaluation.material import Material
from central.evaluation.shelf import Shelf
from device.catalogue.catalogue import Catalogue
from device.catalogue.thresholds import Thresholds
from device.embedding import EmbeddingModel, shipped_model_path
from device.errors import Refused
from device.features import PARAMETERS
from device.match import background, calibration

UNKNOWN_SHARE = 0.25  # clips of unknown music for each clip of known music: they set the peer's threshold

# A change of any of these, of a package's every module, may change an answer; then nothing that was kept is used.
DECIDING = (
    "central.evaluation.clips",
    "central.evaluation.coding",
    "central.evaluation.conditions",
    "central.evaluation.contestant",
    "central.evaluation.rooms",
    "central.evaluation.unknown",
    "device.catalogue.catalogue",
    "device.embedding",
    "device.features",
    "device.match",
    "device.play",
)

Step = TypeVar("Step")


@dataclass(frozen=True)
class Order:
    """What is to be measured."""

    material: Material
    out: Path
    conditions: tuple[Condition, ...]
    clips: int  # of known music under every condition
    lengths: tuple[float, ...]  # seconds, ascending
    hours: float  # of unknown sound
    jobs: int
    seed: int
    float_model: Path | None
    chromaprint: bool


@dataclass(frozen=True)
class Measured:
    """What came of it, and of what it is true."""

    answers: tuple[Asked | Heard, ...]
    thresholds: Thresholds
    model: str  # hex SHA-256
    catalogue: str  # hex SHA-256
    recordings: int
    hours_known: float  # of music in the catalogue


def evaluate(order: Order, watcher: Watcher) -> Measured:
    """Measure.

    Args:
        order: What.
        watcher: Told how far it is.

    Raises:
        Refused: There is nothing to measure with.
        Broken: A worker died, or a program that is needed is missing.
    """
    shelves = {
        name: _decoded(Shelf(order.out / "sound", getattr(order.material, name)), order.jobs, watcher, name)
        for name in ("known", "unknown", "speech", "noise")
    }
    references = _references(order)
    _build(order, references, watcher)
    model = EmbeddingModel(shipped_model_path())
    with Catalogue.open(order.out / "catalogue", model.digest, PARAMETERS.digest) as catalogue:
        ids = {file: one for one, file in references}
        desk = Desk(
            catalogue=order.out / "catalogue",
            float_model=order.float_model,
            float_catalogue=order.out / "float-catalogue",
            chromaprint=_fingerprints(order, references, watcher) if order.chromaprint else None,
            known=shelves["known"],
            unknown=shelves["unknown"],
            speech=shelves["speech"],
            noise=shelves["noise"],
            ids=tuple(ids[file] for file in shelves["known"].files),
            lengths=order.lengths,
            seed=order.seed,
        )
        _build_float(order, catalogue, references, watcher)
        kept = Kept(order.out / f"answers-{_digest(order, catalogue.digest)}.jsonl")
        answers = _ask(order, desk, kept, watcher)
        return Measured(
            answers=answers,
            thresholds=catalogue.thresholds,
            model=model.digest,
            catalogue=catalogue.digest,
            recordings=len(catalogue) - len(catalogue.withdrawn_numbers),
            hours_known=sum(part.seconds for part in catalogue.parts) / 3600,
        )


def _decoded(shelf: Shelf, jobs: int, watcher: Watcher, name: str) -> Shelf:
    """Decode a shelf, and leave out what cannot be read."""
    kept = list(
        _watched(
            shelf.files, lambda file: Shelf(shelf.folder, [file]).without_unreadable(), jobs, watcher, name
        )
    )
    return Shelf(shelf.folder, [file for one in kept for file in one.files])


def _references(order: Order) -> list[tuple[str, Path]]:
    """Give every recording of the catalogue an id of its own: files of two albums may have one name."""
    files = sorted({*order.material.known, *order.material.beside})
    return [(f"{number:05d} {file.stem}"[:60], file) for number, file in enumerate(files)]


def _build(order: Order, references: Sequence[tuple[str, Path]], watcher: Watcher) -> None:
    table = order.out / "music.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "recording", "title", "isrc", "artist", "label", "iswc"])
        rows.writerows([path, one, path.stem, "", "", "", ""] for one, path in references)
    made = CatalogueOrder(
        music=tuple(path for _, path in references),
        out=order.out / "catalogue",
        model=shipped_model_path(),
        jobs=order.jobs,
        time=datetime.now(UTC),
        metadata=table,
    )
    build(made, watcher)


def _build_float(
    order: Order, catalogue: Catalogue, references: Sequence[tuple[str, Path]], watcher: Watcher
) -> None:
    if order.float_model:
        model = FloatModel(order.float_model)
        watcher.begin("Float catalogue", len(catalogue))
        for _ in float_model.catalogue(catalogue, references, model, order.out / "float-catalogue"):
            watcher.step()


def _fingerprints(order: Order, references: Sequence[tuple[str, Path]], watcher: Watcher) -> Path:
    """Have fpcalc hear every reference, once."""
    listed = sha256("\n".join(f"{one} {path}" for one, path in references).encode()).hexdigest()[:16]
    target = order.out / f"chromaprint-{listed}.npz"
    if not target.exists():
        found = _watched(
            references, lambda one: chromaprint.of_file(one[1]), order.jobs, watcher, "Chromaprint"
        )
        bits = {one: heard for (one, _), heard in zip(references, found, strict=True)}
        beside = target.with_suffix(".part.npz")
        np.savez(beside, **bits)  # type: ignore[arg-type]
        beside.replace(target)
    return target


def _ask(order: Order, desk: Desk, kept: Kept, watcher: Watcher) -> tuple[Asked | Heard, ...]:
    """Ask what was not asked before, and give all that belongs to this order."""
    tasks = _tasks(order, desk)
    wanted = {key for task in tasks for key in _keys(task)}
    there = {one.key: one for one in kept.read() if one.key in wanted}
    missing = [left for task in tasks if (left := _without(task, there.keys()))]
    watcher.begin("Measuring", len(missing))
    for done in examine(missing, desk, order.jobs):
        kept.keep(done)
        there |= {one.key: one for one in done}
        watcher.step()
    return tuple(there[key] for key in sorted(there))


def _tasks(order: Order, desk: Desk) -> list[Task]:
    tasks: list[Task] = []
    for shelf, known, each in (
        (desk.known, True, order.clips),
        (desk.unknown, False, max(1, round(order.clips * UNKNOWN_SHARE))),
    ):
        samples = [shelf.samples(number) for number in range(len(shelf))]
        planned = plan.clips(samples, order.conditions, each, order.lengths[-1], known, order.seed)
        tasks += [ClipTask(tuple(clips)) for clips in planned.values()]
    if not any(isinstance(task, ClipTask) and task.clips[0].known for task in tasks):
        raise Refused(
            "evaluation-too-short",
            f"No known piece is long enough for a clip of {order.lengths[-1]:g} s.",
            "Name longer music, or ask for shorter clips with --lengths.",
        )
    return [*tasks, *(StretchTask(number) for number in plan.stretches(order.hours))]


def _keys(task: Task) -> Iterator[str]:
    if isinstance(task, StretchTask):
        yield task.key
    else:
        yield from (one.key for one in task.clips)


def _without(task: Task, there: Iterable[str]) -> Task | None:
    if isinstance(task, StretchTask):
        return None if task.key in there else task
    left = tuple(one for one in task.clips if one.key not in there)
    return ClipTask(left) if left else None


def _digest(order: Order, catalogue: str) -> str:
    """Name everything that an answer depends on; the number of clips and of hours is not among it."""
    named = sha256(catalogue.encode())
    for module in DECIDING:
        source = Path(inspect.getfile(import_module(module)))
        files = sorted(source.parent.glob("*.py")) if source.name == "__init__.py" else [source]
        named.update(b"".join(file.read_bytes() for file in files))
    for path in (
        calibration.SHIPPED,
        background.SHIPPED,
        *([order.float_model] if order.float_model else []),
    ):
        named.update(path.read_bytes())
    material = (order.material.unknown, order.material.speech, order.material.noise)
    named.update(repr((material, order.lengths, order.seed, order.chromaprint)).encode())
    return named.hexdigest()[:16]


Given = TypeVar("Given")


def _watched(
    given: Sequence[Given], work: Callable[[Given], Step], jobs: int, watcher: Watcher, name: str
) -> Iterator[Step]:
    """Work in threads, where the work is another program's."""
    watcher.begin(name.capitalize(), len(given))
    with ThreadPoolExecutor(jobs) as pool:
        for done in pool.map(work, given):
            watcher.step()
            yield done
