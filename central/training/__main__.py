"""The steps from packages of sound to the model that ships: corpus, views or stock, train, export, measure, golden."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from central.training import corpus, gate_command, stock_command
from device.embedding import EmbeddingModel, shipped_model_path
from device.errors import EstuError

if TYPE_CHECKING:
    import torch

    from central.training.training import Source

GOLDEN = Path("tests/device/golden/embeddings.npz")
BED_SECONDS = 300.0
UNKNOWN = 3  # the first of so many test packages is left out of the catalogue
CHUNKS_A_STOCK = 6  # chunks made with the same rooms and beds, before others are drawn


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step.

    Args:
        arguments: The command line after the program's name; the process's own if not given.

    Returns:
        The exit status.
    """
    asked = _parser().parse_args(arguments)
    try:
        asked.step(asked)
    except EstuError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m central.training",
        description="Make the embedding model: fetch real music, degrade it, train, export to int8, measure.",
        epilog="In this order. Training and exporting need the extra `training`; the other steps do not.",
    )
    parser.add_argument("--cache", type=Path, help="where fetched sound is kept (default: ~/.cache/estu)")
    steps = parser.add_subparsers(title="steps", required=True)

    step = steps.add_parser(
        "corpus", help="fetch and decode music, speech and noise of one side of the split"
    )
    step.add_argument("split", choices=["train", "test"])
    step.set_defaults(step=_corpus)

    step = steps.add_parser(
        "views", help="prepare chunks of clean and degraded spectrograms from the training side"
    )
    _folder(step, "--pool", "folder of the chunks")
    step.add_argument("--chunks", type=int, default=12, help="how many of 2,000 places each (default: 12)")
    step.add_argument("--seed", type=int, default=1, help="other seeds make other chunks in the same folder")
    stock_command.add_only_fetched(step)
    step.set_defaults(step=_views)

    stock_command.add_arguments(steps)

    step = steps.add_parser("train", help="train, or go on training, for so many minutes")
    _source(step)
    _folder(step, "--run", "folder of the checkpoint, curve.csv and curve.png")
    step.add_argument("--minutes", type=float, default=60.0, help="in all, pauses not counted (default: 60)")
    step.add_argument("--pairs", type=int, default=192, help="pairs in a batch (default: 192)")
    step.add_argument("--rate", type=float, default=2e-3, help="highest learning rate (default: 0.002)")
    step.add_argument(
        "--start-from", type=Path, help="checkpoint, or shipped .tflite, whose weights a new run begins with"
    )
    step.add_argument(
        "--width",
        type=float,
        help="of a new network, in times the shipped one's (default: 1); with --start-from, a narrower one is widened to it",
    )
    step.add_argument(
        "--threads",
        type=int,
        default=1,
        help="of PyTorch on a processor; more pay on an idle one only (default: 1)",
    )
    step.add_argument(
        "--queries", type=int, default=1, help="degraded views of a place in a batch (default: 1)"
    )
    step.add_argument(
        "--alike",
        type=int,
        default=1,
        help="places of a batch that are drawn to sound alike, group by group, from a --pool (default: 1, all at random)",
    )
    step.add_argument(
        "--triplets-from", type=float, default=1.0, help="share of the time after which triplets take over"
    )
    step.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    step.set_defaults(step=_train)

    step = steps.add_parser("export", help="write a run's network as int8 model")
    _folder(step, "--run", "folder of the run")
    _source(step)
    step.add_argument(
        "--out", type=Path, default=shipped_model_path(), help="(default: the model that ships)"
    )
    step.add_argument(
        "--float", type=Path, dest="exact", help="write the float .tflite too, to evaluate beside it"
    )
    step.set_defaults(step=_export)

    step = steps.add_parser("measure", help="find test music in simulated rooms, models side by side")
    step.add_argument(
        "models", type=Path, nargs="*", help=".tflite files, or .pt checkpoints for the float network"
    )
    step.add_argument(
        "--clips", type=int, default=120, help="of each condition, known and unknown (default: 120)"
    )
    step.set_defaults(step=_measure)

    gate_command.add_arguments(
        steps.add_parser("gate", help="make the gate's model: examples, train, export, measure")
    )

    step = steps.add_parser("golden", help="write anew what the shipped model says of the golden clip")
    step.add_argument("--out", type=Path, default=GOLDEN, help=f"(default: {GOLDEN})")
    step.set_defaults(step=_golden)
    return parser


def _source(step: argparse.ArgumentParser) -> None:
    either = step.add_mutually_exclusive_group(required=True)
    either.add_argument(
        "--pool", type=Path, help="folder of the chunks that `views` makes; new ones are taken up"
    )
    either.add_argument("--stock", type=Path, help="folder that `stock` made: views are made on the fly")


def _folder(step: argparse.ArgumentParser, name: str, text: str) -> None:
    step.add_argument(name, type=Path, required=True, help=text)


def _corpus(asked: argparse.Namespace) -> None:
    for package in corpus.listed():
        if package.split == asked.split:
            shortest, longest = corpus.LENGTHS[package.holds]
            files = corpus.decode(corpus.fetch([package.name], asked.cache, shortest, longest), asked.cache)
            print(f"{package.name}: {len(files)} of {package.holds}", flush=True)


def _views(asked: argparse.Namespace) -> None:
    from central.training import disturbance, pool
    from central.training.degradation import Degradation

    music, speech, noise = (
        corpus.decoded("train", holds, asked.cache, asked.only_fetched) for holds in corpus.LENGTHS
    )
    for first in range(0, asked.chunks, CHUNKS_A_STOCK):
        rng = np.random.default_rng([asked.seed, first])
        degradation = Degradation(disturbance.beds(speech, noise, rng, BED_SECONDS), rng)
        for number in range(first, min(first + CHUNKS_A_STOCK, asked.chunks)):
            target = asked.pool / f"{asked.seed}-{number:04d}"
            if not target.exists():
                pool.make_chunk(target, music, degradation, np.random.default_rng([asked.seed, number, 1]))
                print(target, flush=True)


def _train(asked: argparse.Namespace) -> None:
    from central.training import curve, training
    from central.training.net import NetShape

    device = training.device_named(asked.device)
    schedule = training.Schedule(
        minutes=asked.minutes,
        pairs=asked.pairs,
        rate=asked.rate,
        queries=asked.queries,
        alike=asked.alike,
        triplets_from=asked.triplets_from,
        threads=asked.threads,
    )
    shape = NetShape().times_as_wide(asked.width) if asked.width else None
    training.train(_batches(asked, device, asked.run), asked.run, schedule, asked.start_from, shape, device)
    curve.draw(asked.run / training.CURVE, asked.run / "curve.png")


def _export(asked: argparse.Namespace) -> None:
    from central.training import checkpoint, export, training

    kept = asked.run / checkpoint.CHECKPOINT
    views = _batches(asked, training.device_named("cpu"), None).views(export.CALIBRATION_WINDOWS)
    model = export.export(checkpoint.load(kept), views, asked.out, checkpoint.history(kept), asked.exact)
    print(f"{asked.out}: {asked.out.stat().st_size // 1024} KiB, digest {model.digest}")


def _batches(asked: argparse.Namespace, device: "torch.device", run: Path | None) -> "Source":
    """Open what is trained on: prepared views, or a stock of sound that becomes views on the device."""
    from central.training import checkpoint

    # Whoever goes on after a pause must not see the same batches again.
    seed = checkpoint.read(run)["steps"] + 1 if run is not None and checkpoint.exists(run) else 0
    if asked.pool is not None:
        from central.training.batches import Pool

        return Pool(asked.pool, np.random.default_rng(seed))
    from central.training import stock
    from central.training.stream import Stream

    return Stream(stock.read(asked.stock), device, seed)


def _measure(asked: argparse.Namespace) -> None:
    from central.training import measure

    talkers = corpus.decoded("test", "speech", asked.cache)
    talks = [np.load(talker).astype(np.float32) / np.float32(32768) for talker in talkers]
    tracks: list[NDArray[np.int16]] = []
    unknown: set[int] = set()
    for number, package in enumerate(corpus.names("test")):
        for track in corpus.decode(corpus.fetch([package], asked.cache), asked.cache):
            if number % UNKNOWN == 0:
                unknown.add(len(tracks))
            tracks.append(np.load(track, mmap_mode="r"))
    heard = list(measure.clips(tracks, talks, asked.clips))
    figures = {}
    for path in asked.models or [shipped_model_path()]:
        if path.suffix == ".pt":
            from central.training import checkpoint, training

            embed = training.embed_with(checkpoint.load(path))
        else:
            embed = EmbeddingModel(path).embed
        figures[f"{path.parent.name}/{path.name}"] = measure.measure(embed, tracks, unknown, heard)
    print(f"{len(tracks) - len(unknown)} known tracks, {len(unknown)} unknown")
    print(measure.table(figures))


def _golden(asked: argparse.Namespace) -> None:
    from central.training import golden

    golden.write(EmbeddingModel(shipped_model_path()), asked.out)
    print(asked.out)


if __name__ == "__main__":
    sys.exit(main())
