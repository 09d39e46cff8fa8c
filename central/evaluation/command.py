"""`estu-central calibrate`: measure what a model's similarities mean, and set the thresholds that ship with it."""

import argparse
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from central.evaluation.material import Material

_CALIBRATE = """Measure what the similarities of a model mean, and set the thresholds that ship with it.
Known music becomes a catalogue, clips of it are degraded (rooms, audiences, dialogue, speed) and weighed against the
best wrong answers; then hours of unknown music, speech and noise are heard, to see what chance reaches. None of the
music may have been trained on."""

MODELS = Path("device/models")
CLIP_SECONDS = 10.0
BACKGROUND = 4096  # vectors
REFERENCES = 400  # recordings
SOUND = Path("build/evaluation/sound")  # where decoded sound is kept, the evaluation's own


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `calibrate` to the commands."""
    made = subparsers.add_parser("calibrate", help="set the thresholds of a model", description=_CALIBRATE)
    made.add_argument(
        "--corpus",
        choices=["test"],
        help="take the project's corpus as the evaluation does, with known and unknown music changing places",
    )
    for name, text in (
        ("known", "music for the catalogue, of which clips are made"),
        (
            "beside",
            "more music for the catalogue, so that chance has as much to meet as in use; it is never played",
        ),
        ("unknown", "music beside it"),
        ("speech", "recorded speech"),
        ("noise", "effects, crowds, machines"),
    ):
        made.add_argument(f"--{name}", nargs="+", type=Path, default=[], metavar="FOLDER", help=text)
    made.add_argument(
        "--references",
        type=int,
        default=REFERENCES,
        metavar="N",
        help="in the corpus's catalogue (%(default)s)",
    )
    made.add_argument(
        "--background",
        nargs="+",
        type=Path,
        metavar="MUSIC",
        help="music for the set of background vectors, which may be trained on; not given: the set stays as it is",
    )
    made.add_argument(
        "--sound", type=Path, default=SOUND, metavar="DIR", help="where decoded sound is kept (%(default)s)"
    )
    made.add_argument("--clips", type=int, default=60, metavar="N", help="of every condition (%(default)s)")
    made.add_argument("--hours", type=float, default=6.0, metavar="H", help="of unknown sound (%(default)s)")
    made.add_argument("--seed", type=int, default=1, help="of all that is drawn (%(default)s)")
    made.add_argument("--jobs", type=int, default=2, help="processes (%(default)s)")
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
    from central.evaluation import calibrating, calibration, plan
    from central.evaluation.conditions import CONDITIONS
    from central.evaluation.shelf import Shelf
    from device.embedding import EmbeddingModel, shipped_model_path
    from device.match import background

    out = Console(soft_wrap=True, markup=False, highlight=False)
    model = EmbeddingModel(args.out / shipped_model_path().name)
    if args.background:
        files = sources.find(args.background).files
        rng = np.random.default_rng(args.seed)
        vectors = calibration.background_vectors(track(files, "background"), model, BACKGROUND, rng)
        np.save(args.out / background.SHIPPED.name, vectors)
    made_of = _material(args)
    shelves = {
        name: Shelf(args.sound, getattr(made_of, name))
        for name in ("known", "unknown", "beside", "speech", "noise")
    }
    decoded = {
        name: [shelf.decoded(file) for file in track(shelf.files, name)] for name, shelf in shelves.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        order = Order(
            music=(*decoded["known"], *decoded["beside"]),
            out=Path(folder),
            model=args.out / shipped_model_path().name,
            jobs=args.jobs,
            time=datetime.now(UTC),
        )
        built = build(order, Nobody())
        out.print(f"Catalogue: {built.recordings} recordings, {built.vectors} vectors.")
        heard = ("known", "unknown", "speech", "noise")
        sounds = calibrating.Sounds(
            args.out, Path(folder), **{name: shelves[name] for name in heard}, seed=args.seed
        )
        tracks, some = calibrating.windows(sounds, CONDITIONS, args.clips, CLIP_SECONDS, args.jobs)
        windows = [found for found in track(some, "clips", total=tracks) if found is not None]
        fitted = calibration.fit(calibration.together(windows), model.digest)
        numbers, seconds = plan.stretches(args.hours), min(plan.STRETCH, args.hours * 3600)
        scores = calibrating.best_scores(sounds, fitted, numbers, seconds, args.jobs)
        best = [score for each in track(scores, "unknown sound", total=len(numbers)) for score in each]
    chance = calibration.tail(best, len(numbers) * seconds / 3600)
    result = calibration.with_thresholds(fitted, chance)
    calibration.write(args.out / "calibration.json", result, chance)
    out.print(
        f"{chance.hours:.1f} hours of unknown sound: highest score {chance.highest:.2f}. "
        f"A play from {result.accept:.2f}, a candidate from {result.candidate:.2f}."
    )
    return 0


def _material(args: argparse.Namespace) -> "Material":
    """Find the sound; of the corpus, known is what the evaluation holds for unknown, and the other way round."""
    from central.evaluation import material

    if args.corpus:
        found = material.from_corpus(references=args.references)
        return replace(found, known=found.unknown, unknown=found.known)
    return material.from_folders(args.known, args.unknown, args.speech, args.noise, args.beside)
