"""`estu-central calibrate`: measure what a model's similarities mean, and set the thresholds that ship with it."""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import Refused

if TYPE_CHECKING:
    import numpy as np

_CALIBRATE = """Measure what the similarities of a model mean, and set the thresholds that ship with it.
Known music becomes a catalogue, clips of it are degraded (rooms, audiences, dialogue, speed) and weighed against the
best wrong answers; then hours of unknown music and of speech are heard, to see what chance reaches. None of the
music may have been trained on."""

MODELS = Path("device/models")
CLIP_SECONDS = 10.0
UNKNOWN_PIECE = 120.0  # seconds of an unknown track heard at a time
BACKGROUND = 4096  # vectors


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `calibrate` to the commands."""
    made = subparsers.add_parser("calibrate", help="set the thresholds of a model", description=_CALIBRATE)
    made.add_argument(
        "--known", nargs="+", type=Path, required=True, metavar="MUSIC", help="music for the catalogue"
    )
    made.add_argument(
        "--unknown", nargs="+", type=Path, required=True, metavar="MUSIC", help="music beside it"
    )
    made.add_argument(
        "--speech", nargs="+", type=Path, required=True, metavar="SPEECH", help="recorded speech"
    )
    made.add_argument(
        "--background",
        nargs="+",
        type=Path,
        metavar="MUSIC",
        help="music for the set of background vectors, which may be trained on; not given: the set stays as it is",
    )
    made.add_argument("--clips", type=int, default=60, metavar="N", help="of every condition (%(default)s)")
    made.add_argument("--hours", type=float, default=6.0, metavar="H", help="of unknown sound (%(default)s)")
    made.add_argument("--seed", type=int, default=1, help="of all that is drawn (%(default)s)")
    made.add_argument("--jobs", type=int, default=2, help="processes that build the catalogue (%(default)s)")
    made.add_argument(
        "--out",
        type=Path,
        default=MODELS,
        metavar="DIR",
        help="the model's folder (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Run `calibrate`.

    Returns:
        The exit status.
    """
    import numpy as np
    from rich.console import Console
    from rich.progress import track

    from central.catalogue import sources
    from central.catalogue.builder import Nobody, Order, build
    from central.evaluation import calibration
    from central.evaluation.clips import clips, load
    from central.evaluation.conditions import CONDITIONS
    from device.catalogue.catalogue import Catalogue
    from device.embedding import EmbeddingModel, shipped_model_path
    from device.features import PARAMETERS
    from device.match import background
    from device.match.matcher import Matcher

    out = Console(soft_wrap=True, markup=False, highlight=False)
    model = EmbeddingModel(args.out / shipped_model_path().name)
    rng = np.random.default_rng(args.seed)
    if args.background:
        files = sources.find(args.background).files
        vectors = calibration.background_vectors(track(files, "background"), model, BACKGROUND, rng)
        np.save(args.out / background.SHIPPED.name, vectors)
    crowd = background.load(model.dimension, args.out / background.SHIPPED.name)
    known, unknown = sources.find(args.known).files, sources.find(args.unknown).files
    speech = [load(file) for file in track(sources.find(args.speech).files, "speech")]
    with tempfile.TemporaryDirectory() as folder:
        order = Order(
            music=known,
            out=Path(folder),
            model=args.out / shipped_model_path().name,
            jobs=args.jobs,
            time=datetime.now(UTC),
        )
        built = build(order, Nobody())
        out.print(f"Catalogue: {built.recordings} recordings, {built.vectors} vectors.")
        with Catalogue.open(Path(folder), model.digest, PARAMETERS.digest) as catalogue:
            made = clips(known, speech, CONDITIONS, CLIP_SECONDS, args.clips, rng)
            total = len(CONDITIONS) * args.clips
            found = calibration.windows(track(made, "clips", total=total), catalogue, model, crowd)
            fitted = calibration.fit(found, model.digest)
            matcher = Matcher(catalogue, crowd, fitted, calibration.HOP, PARAMETERS.seconds)
            sounds = _unknown_sounds(unknown, speech, args.hours, rng)
            chance = calibration.chance(track(sounds, "unknown sound", total=None), matcher, model)
    result = calibration.with_thresholds(fitted, chance)
    calibration.write(args.out / "calibration.json", result, chance)
    out.print(
        f"{chance.hours:.1f} hours of unknown sound: highest score {chance.highest:.2f}. "
        f"A play from {result.accept:.2f}, a candidate from {result.candidate:.2f}."
    )
    return 0


def _unknown_sounds(
    files: Sequence[Path], speech: "list[np.ndarray]", hours: float, rng: "np.random.Generator"
) -> "Iterator[np.ndarray]":
    """Give unknown music in rooms and among people, every fourth time speech alone, until so many hours are full."""
    from central.evaluation.clips import load
    from central.evaluation.conditions import CONDITIONS, PAST, RATE, degrade

    if not files:
        raise Refused(
            "unknown-missing", "There is no unknown music.", "Name files or folders with --unknown."
        )
    seconds = 0.0
    length = round((UNKNOWN_PIECE + PAST) * 1.05 * RATE)
    while seconds < hours * 3600:
        for turn, number in enumerate(rng.permutation(len(files))):
            condition = CONDITIONS[int(rng.integers(len(CONDITIONS)))]
            sound = speech[int(rng.integers(len(speech)))] if turn % 4 == 3 else load(files[number])
            begin = int(rng.integers(max(1, len(sound) - length)))
            piece = sound[begin : begin + length]
            if len(piece) > 10 * RATE:
                yield degrade(piece, speech, condition, rng)
                seconds += len(piece) / RATE
            if seconds >= hours * 3600:
                return
