"""`python -m central.training stock | pack | unpack | compare`: training away from the corpus, and experiments."""

import argparse
from pathlib import Path

import numpy as np

from central.training import corpus, decoding
from device.errors import Refused

BED_SECONDS = 300.0


def add_arguments(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe these steps."""
    step = steps.add_parser("stock", help="lay all training sound into one folder, for training on the fly")
    step.add_argument("--out", type=Path, required=True, help="folder to make")
    step.add_argument("--seed", type=int, default=1, help="of rooms and disturbances (default: 1)")
    step.add_argument("--bed-sets", type=int, default=6, help="sets of nine disturbances (default: 6)")
    step.add_argument("--rooms", type=int, default=400, help="simulated rooms (default: 400)")
    add_only_fetched(step)
    step.set_defaults(step=_stock)

    step = steps.add_parser("pack", help="write a stock in pieces that can be carried to another machine")
    step.add_argument("--stock", type=Path, required=True, help="folder that `stock` made")
    step.add_argument("--out", type=Path, required=True, help="folder of the pieces")
    step.add_argument("--megabytes", type=int, default=48, help="of a piece at most (default: 48)")
    step.set_defaults(step=_pack)

    step = steps.add_parser("unpack", help="make a stock of such pieces")
    step.add_argument("--packs", type=Path, required=True, help="folder of the pieces")
    step.add_argument("--out", type=Path, required=True, help="folder to make")
    step.set_defaults(step=_unpack)

    step = steps.add_parser("compare", help="small experiments under one budget, and their table")
    step.add_argument("--stock", type=Path, help="folder that `stock` made; the table alone needs none")
    step.add_argument("--out", type=Path, required=True, help="folder of the experiments; done ones are kept")
    step.add_argument("--steps", type=int, default=2000, help="of each experiment (default: 2000)")
    step.add_argument("--pairs", type=int, default=192, help="pairs in a batch (default: 192)")
    step.add_argument("--rate", type=float, default=2e-3, help="highest learning rate (default: 0.002)")
    step.add_argument("--clips", type=int, default=120, help="of each condition (default: 120)")
    step.add_argument("--seed", type=int, default=1, help="(default: 1)")
    step.add_argument(
        "--only", nargs="+", choices=["window", "dimension", "width", "loss", "left-out"], help="comparisons"
    )
    step.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    step.add_argument(
        "--table", action="store_true", help="only print the table; what is not done has its costs in it"
    )
    step.set_defaults(step=_compare)


def add_only_fetched(step: argparse.ArgumentParser) -> None:
    """Let a step do with the part of the corpus that is there."""
    step.add_argument(
        "--only-fetched", action="store_true", help="take the packages that are in the cache, fetch no more"
    )


def _stock(asked: argparse.Namespace) -> None:
    from central.training import stock

    if asked.out.exists():
        raise Refused("stock-exists", f"{asked.out} exists.", "Name another folder, or remove it.")
    music, speech, noise = (
        corpus.decoded("train", holds, asked.cache, asked.only_fetched) for holds in corpus.LENGTHS
    )
    cache = (asked.cache or corpus.default_cache()) / "decoded"
    labelled = [(str(path.relative_to(cache)), path) for path in music]
    rng = np.random.default_rng(asked.seed)
    stock.write(
        asked.out,
        stock.gather(labelled, speech, noise, rng, BED_SECONDS, asked.bed_sets, asked.rooms),
    )
    made = stock.read(asked.out)
    hours = sum(span.length for span in made.music.spans) / 3600 / decoding.RATE
    print(f"{asked.out}: {len(made.music.spans)} tracks, {hours:.1f} hours, {len(made.beds.spans)} beds")


def _pack(asked: argparse.Namespace) -> None:
    from central.training import packs, stock

    for piece in packs.pack(stock.read(asked.stock), asked.out, asked.megabytes * 2**20):
        print(f"{piece}: {piece.stat().st_size / 2**20:.1f} MiB")


def _unpack(asked: argparse.Namespace) -> None:
    from central.training import packs, stock

    if asked.out.exists():
        raise Refused("stock-exists", f"{asked.out} exists.", "Name another folder, or remove it.")
    stock.write(asked.out, packs.unpack(asked.packs))
    print(asked.out)


def _compare(asked: argparse.Namespace) -> None:
    from central.training import compare, experiments, stock
    from central.training.training import Schedule, device_named

    schedule = Schedule(steps=asked.steps, pairs=asked.pairs, rate=asked.rate, seed=asked.seed)
    chosen = experiments.listed(schedule, asked.only or experiments.GROUPS)
    if not asked.table:
        if asked.stock is None:
            raise Refused("compare-no-stock", "Experiments need sound to train on.", "Add --stock.")
        compare.run(stock.read(asked.stock), chosen, asked.out, asked.clips, device_named(asked.device))
    print(compare.table(compare.results(asked.out, chosen)))
