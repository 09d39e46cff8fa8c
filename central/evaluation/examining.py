"""Examining: processes side by side that make clips, ask everybody, and listen to unknown sound.

Each clip is made once and everybody hears the same samples; the shorter lengths are its begin.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from central.evaluation import clips, unknown
from central.evaluation.answers import Answer, Asked, Heard
from central.evaluation.chromaprint import Chromaprint
from central.evaluation.contestant import FLOAT, INT8, Box, Contestant, Said
from central.evaluation.embeddings import Embedded, KeptEmbeddings
from central.evaluation.float_model import FloatModel
from central.evaluation.plan import Wanted
from central.evaluation.shelf import Shelf
from central.processes import side_by_side
from device.catalogue.catalogue import Catalogue
from device.errors import Broken
from device.features import PARAMETERS
from device.match import background, calibration
from device.match.matcher import Matcher
from device.recogniser import QUERY_HOP, Recogniser, recogniser

_DIED = Broken(
    "evaluation-worker-died",
    "A process that measures has died.",
    "Check the memory, use fewer --jobs, and begin again: what is done is kept.",
)


@dataclass(frozen=True)
class Desk:
    """What a worker needs to begin; it opens the rest itself."""

    catalogue: Path
    embeddings: Path  # folder in which the int8 model's are kept
    float_model: Path | None
    float_catalogue: Path
    float_embeddings: Path
    chromaprint: Path | None  # .npz of the references' fingerprints by id
    known: Shelf
    unknown: Shelf
    speech: Shelf
    noise: Shelf
    ids: tuple[str, ...]  # of the known tracks, by their number on the shelf
    lengths: tuple[float, ...]  # seconds, ascending
    seed: int


@dataclass(frozen=True)
class ClipTask:
    """All clips of one track, so that it is read once."""

    clips: tuple[Wanted, ...]
    whom: frozenset[str]  # names of the contestants that are asked


@dataclass(frozen=True)
class StretchTask:
    """A stretch of unknown sound."""

    number: int

    @property
    def key(self) -> str:
        """Its name."""
        return f"stretch/{self.number}"


Task = ClipTask | StretchTask
Done = list[Asked | Heard]


def examine(tasks: Iterable[Task], desk: Desk, jobs: int) -> Iterator[Done]:
    """Work tasks off.

    Args:
        tasks: What to do.
        desk: What every worker is given.
        jobs: How many processes work.

    Returns:
        What came of each task as soon as it is done, in no particular order.

    Raises:
        EstuError: A worker died, something is unreadable, or a program that is needed is missing.
    """
    return side_by_side(tasks, Examiner.work, partial(_open, desk), jobs, _DIED)


class Examiner:
    """One worker's parts, opened."""

    def __init__(self, desk: Desk, parts: Recogniser, contestants: Sequence[Contestant]) -> None:
        """Take what was opened."""
        from central.training.disturbance import applause

        self._desk, self._parts, self._contestants = desk, parts, contestants
        self._evening = unknown.Evening(desk.unknown, desk.speech, desk.noise, applause)

    def work(self, task: Task) -> Done:
        """Do one task."""
        if isinstance(task, StretchTask):
            return [unknown.hear(task.key, self._stretch(task), self._parts)]
        shelf = self._desk.known if task.clips[0].known else self._desk.unknown
        track = shelf[task.clips[0].track]
        asked = (self._ask(track, shelf.files[one.track], one, task.whom) for one in task.clips)
        return [one for one in asked if one is not None]

    def _stretch(self, task: StretchTask) -> Embedded:
        def make() -> Embedded:
            return unknown.embed(
                unknown.stretch(self._evening, task.number, self._desk.seed), self._parts.model
            )

        return KeptEmbeddings(self._desk.embeddings).get(task.key, make)

    def _ask(self, track: np.ndarray, file: Path, wanted: Wanted, whom: frozenset[str]) -> Asked | None:
        """Make one clip, if anybody needs to hear it, and ask."""
        lengths = self._desk.lengths
        clip = clips.cut(track, self._desk.speech, wanted.condition, lengths[-1], wanted.rng(self._desk.seed))
        if clip is None:
            return None
        start = clip.start
        truth = self._desk.ids[wanted.track] if wanted.known else None
        return Asked(
            key=wanted.key,
            file=str(file),
            start=round(start, 3),
            condition=wanted.condition.name,
            known=wanted.known,
            answers=tuple(
                _judged(one.name, seconds, said, truth, start, wanted.condition.speed)
                for one in self._contestants
                if one.name in whom
                for seconds, said in zip(lengths, one.answers(wanted.key, clip, lengths), strict=True)
            ),
        )


def _judged(who: str, seconds: float, said: Said, truth: str | None, start: float, speed: float) -> Answer:
    """Compare an answer with the truth; the position at the moment that the answer speaks of."""
    right = truth in said.recordings
    off = said.reference - (start + speed * said.at) if right else None
    return Answer(who, seconds, right, None if off is None else round(off, 3), round(said.score, 4))


_opened = ExitStack()  # what a worker has open until it ends


def _open(desk: Desk) -> Examiner:
    parts = _opened.enter_context(recogniser(desk.catalogue))
    contestants: list[Contestant] = [Box(INT8, parts.model, parts.matcher, KeptEmbeddings(desk.embeddings))]
    if desk.float_model:
        contestants.append(_float_box(desk))
    if desk.chromaprint:
        with np.load(desk.chromaprint) as references:
            contestants.append(Chromaprint(dict(references), desk.lengths))
    return Examiner(desk, parts, contestants)


def _float_box(desk: Desk) -> Box:
    """Put a box together whose model is the float one, with the calibration of the int8 one."""
    assert desk.float_model is not None  # noqa: S101 - the caller asked
    model = FloatModel(desk.float_model)
    references = _opened.enter_context(Catalogue.open(desk.float_catalogue, model.digest, PARAMETERS.digest))
    crowd = background.load(model.dimension)
    matcher = Matcher(references, crowd, calibration.load(), QUERY_HOP, PARAMETERS.seconds)
    return Box(FLOAT, model, matcher, KeptEmbeddings(desk.float_embeddings))
