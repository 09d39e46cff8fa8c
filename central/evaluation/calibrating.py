"""A calibration's clips and hours of unknown sound, heard by processes side by side."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from central.evaluation import calibration, clips, plan
from central.evaluation.calibration import Windows
from central.evaluation.conditions import Condition
from central.evaluation.plan import Wanted
from central.evaluation.shelf import Shelf
from central.evaluation.unknown import Evening, sound_of, stretch
from central.processes import side_by_side
from device.catalogue.catalogue import Catalogue
from device.embedding import EmbeddingModel, shipped_model_path
from device.errors import Broken
from device.features import PARAMETERS
from device.match import background
from device.match.calibration import Calibration
from device.match.matcher import Matcher

_DIED = Broken(
    "calibration-worker-died", "A process that listens has died.", "Check the memory, and use fewer --jobs."
)


@dataclass(frozen=True)
class Sounds:
    """What is heard, and with what."""

    models: Path  # folder of the model and its background
    catalogue: Path  # holds the known music, under the names of its decoded files
    known: Shelf
    unknown: Shelf
    speech: Shelf
    noise: Shelf
    seed: int


def windows(
    sounds: Sounds, conditions: Sequence[Condition], each: int, seconds: float, jobs: int
) -> tuple[int, Iterator[Windows | None]]:
    """Collect the windows of clips of known and of unknown music.

    Unknown music too: its best lines are what chance is made of, and are harder than a known clip's wrong ones.

    Args:
        sounds: What is heard.
        conditions: What happens to the clips.
        each: Clips under every condition, of known music and as many of unknown.
        seconds: How long each clip lasts.
        jobs: How many processes listen.

    Returns:
        How many tracks there are, and what came of each; None where nothing sounded.
    """
    planned = [
        list(some)
        for shelf, known in ((sounds.known, True), (sounds.unknown, False))
        for some in plan.clips(
            shelf.lengths(),
            conditions,
            each,
            seconds,
            known,
            sounds.seed,
        ).values()
    ]
    begin = partial(_Listener.open, sounds)
    return len(planned), side_by_side(planned, partial(_windows, seconds=seconds), begin, jobs, _DIED)


def best_scores(
    sounds: Sounds, fitted: Calibration, numbers: Sequence[int], seconds: float, jobs: int
) -> Iterator[list[float]]:
    """Hear stretches of unknown sound.

    Args:
        sounds: What is heard.
        fitted: How windows are read; its thresholds need not be set.
        numbers: Of the stretches.
        seconds: That each lasts.
        jobs: How many processes listen.

    Returns:
        The highest score of each `calibration.STRETCH` seconds, a list for each stretch.
    """
    begin = partial(_Listener.open, sounds)
    return side_by_side(numbers, partial(_scores, fitted=fitted, seconds=seconds), begin, jobs, _DIED)


@dataclass(frozen=True, eq=False)
class _Listener:
    """One process's parts, opened."""

    sounds: Sounds
    model: EmbeddingModel
    crowd: background.Background
    catalogue: Catalogue

    @classmethod
    def open(cls, sounds: Sounds) -> "_Listener":
        model = EmbeddingModel(sounds.models / shipped_model_path().name)
        crowd = background.load(model.dimension, sounds.models / background.SHIPPED.name)
        catalogue = _opened.enter_context(Catalogue.open(sounds.catalogue, model.digest, PARAMETERS.digest))
        return cls(sounds, model, crowd, catalogue)


_opened = ExitStack()  # what a process has open until it ends


def _windows(listener: _Listener, wanted: Sequence[Wanted], seconds: float) -> Windows | None:
    sounds = listener.sounds
    shelf = sounds.known if wanted[0].known else sounds.unknown
    name = shelf.decoded(shelf.files[wanted[0].track]).stem
    track = shelf[wanted[0].track]
    cuts = (clips.cut(track, sounds.speech, one.condition, seconds, one.rng(sounds.seed)) for one in wanted)
    made = (cut for cut in cuts if cut is not None)
    return calibration.windows(name, made, listener.catalogue, listener.model, listener.crowd)


def _scores(listener: _Listener, number: int, fitted: Calibration, seconds: float) -> list[float]:
    from central.training.disturbance import applause

    sounds = listener.sounds
    evening = Evening(sounds.unknown, sounds.speech, sounds.noise, applause)
    matcher = Matcher(listener.catalogue, listener.crowd, fitted, calibration.HOP, PARAMETERS.seconds)
    sound = sound_of(stretch(evening, number, sounds.seed, seconds))
    return calibration.best_scores(sound, matcher, listener.model)
