"""An evaluation from files to answers; whatever takes time is kept, and not done again."""

import csv
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import numpy as np

from central.catalogue.builder import Order as CatalogueOrder
from central.catalogue.builder import Watcher, build
from central.evaluation import chromaprint, digests, float_model, plan
from central.evaluation.answers import Asked, Heard, Kept
from central.evaluation.book import Book
from central.evaluation.chromaprint import Chromaprint
from central.evaluation.conditions import Condition
from central.evaluation.contestant import FLOAT, INT8
from central.evaluation.examining import ClipTask, Desk, StretchTask, Task, examine
from central.evaluation.float_model import FloatModel
from central.evaluation.material import Material
from central.evaluation.plan import Wanted
from central.evaluation.shelf import Shelf
from device.catalogue.catalogue import Catalogue
from device.catalogue.thresholds import Thresholds
from device.embedding import EmbeddingModel, shipped_model_path
from device.errors import Refused
from device.features import PARAMETERS

UNKNOWN_SHARE = 0.25  # clips of unknown music for each clip of known music: they set the peer's threshold

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
        for name in ("known", "beside", "unknown", "speech", "noise")
    }
    references = _references(shelves["known"], shelves["beside"])
    _build(order, references, watcher)
    model = EmbeddingModel(shipped_model_path())
    sounds = digests.of_sounds(order.material, order.lengths[-1], order.seed)
    embeddings = digests.of_embeddings(sounds, model.digest)
    with Catalogue.open(order.out / "catalogue", model.digest, PARAMETERS.digest) as catalogue:
        desk = Desk(
            catalogue=order.out / "catalogue",
            embeddings=order.out / "embeddings" / embeddings,
            float_model=order.float_model,
            float_catalogue=order.out / "float-catalogue",
            float_embeddings=order.out / "embeddings" / f"{embeddings}-float",
            chromaprint=_fingerprints(order, references, watcher) if order.chromaprint else None,
            known=shelves["known"],
            unknown=shelves["unknown"],
            speech=shelves["speech"],
            noise=shelves["noise"],
            ids=tuple(one.id for one in references if one.played),
            lengths=order.lengths,
            seed=order.seed,
        )
        _build_float(order, catalogue, references, desk, watcher)
        box = digests.of_the_box(embeddings, catalogue.digest, order.lengths, order.float_model)
        peer = digests.of_the_peer(sounds, [one.file for one in references], order.lengths)
        files = {INT8: box, **({FLOAT: box} if order.float_model else {})}
        files |= {Chromaprint.name: peer} if order.chromaprint else {}
        book = Book({name: Kept(order.out / f"answers-{digest}.jsonl") for name, digest in files.items()})
        answers = _ask(order, desk, book, watcher)
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


@dataclass(frozen=True)
class _Reference:
    """A recording of the catalogue."""

    id: str
    file: Path
    decoded: Path
    played: bool  # whether clips are made of it


def _references(known: Shelf, beside: Shelf) -> list[_Reference]:
    """Give every recording of the catalogue an id of its own: files of two albums may have one name."""
    listed = [(file, shelf) for shelf in (known, beside) for file in shelf.files]
    return [
        _Reference(f"{number:05d} {file.stem}"[:60], file, shelf.decoded(file), shelf is known)
        for number, (file, shelf) in enumerate(listed)
    ]


def _build(order: Order, references: Sequence[_Reference], watcher: Watcher) -> None:
    table = order.out / "music.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "recording", "title", "isrc", "artist", "label", "iswc"])
        rows.writerows([one.decoded, one.id, one.file.stem, "", "", "", ""] for one in references)
    made = CatalogueOrder(
        music=tuple(one.decoded for one in references),
        out=order.out / "catalogue",
        model=shipped_model_path(),
        jobs=order.jobs,
        time=datetime.now(UTC),
        metadata=table,
    )
    build(made, watcher)


def _build_float(
    order: Order, catalogue: Catalogue, references: Sequence[_Reference], desk: Desk, watcher: Watcher
) -> None:
    if order.float_model:
        model = FloatModel(order.float_model)
        files = [(one.id, one.decoded) for one in references]
        watcher.begin("Float catalogue", len(catalogue))
        for _ in float_model.catalogue(catalogue, files, model, desk.float_catalogue):
            watcher.step()


def _fingerprints(order: Order, references: Sequence[_Reference], watcher: Watcher) -> Path:
    """Have fpcalc hear every reference, once."""
    listed = sha256("\n".join(f"{one.id} {one.file}" for one in references).encode()).hexdigest()[:16]
    target = order.out / f"chromaprint-{listed}.npz"
    if not target.exists():
        found = _watched(
            references, lambda one: chromaprint.of_file(one.decoded), order.jobs, watcher, "Chromaprint"
        )
        bits = {one.id: heard for one, heard in zip(references, found, strict=True)}
        beside = target.with_suffix(".part.npz")
        np.savez(beside, **bits)  # type: ignore[arg-type]
        beside.replace(target)
    return target


def _ask(order: Order, desk: Desk, book: Book, watcher: Watcher) -> tuple[Asked | Heard, ...]:
    """Ask what was not asked before, and give all that belongs to this order."""
    clips, stretches = _clips(order, desk), plan.stretches(order.hours)
    tasks = [task for of_a_track in clips for task in _unasked(of_a_track, book)]
    listening = [task for task in map(StretchTask, stretches) if not book.has_heard(task.key)]
    missing: list[Task] = [*tasks, *listening]
    watcher.begin("Measuring", len(missing))
    for done in examine(missing, desk, order.jobs):
        book.take(done)
        watcher.step()
    keys = [one.key for of_a_track in clips for one in of_a_track]
    return book.about(sorted([*keys, *(StretchTask(number).key for number in stretches)]))


def _clips(order: Order, desk: Desk) -> list[list[Wanted]]:
    """Plan the clips, those of one track together."""
    found: list[list[Wanted]] = []
    for shelf, known, each in (
        (desk.known, True, order.clips),
        (desk.unknown, False, max(1, round(order.clips * UNKNOWN_SHARE))),
    ):
        longest = order.lengths[-1]
        planned = plan.clips(shelf.lengths(), order.conditions, each, longest, known, order.seed)
        if known and not planned:
            raise Refused(
                "evaluation-too-short",
                f"No known piece is long enough for a clip of {longest:g} s.",
                "Name longer music, or ask for shorter clips with --lengths.",
            )
        found += planned.values()
    return found


def _unasked(clips: Sequence[Wanted], book: Book) -> list[ClipTask]:
    """Give the clips of a track that somebody has not heard, one task for each set of those who have not."""
    by: dict[frozenset[str], list[Wanted]] = {}
    for one in clips:
        by.setdefault(book.missing(one.key), []).append(one)
    return [ClipTask(tuple(some), whom) for whom, some in by.items() if whom]


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
