"""`python -m central.training gate ...`: how the gate's model is made."""

import argparse
from pathlib import Path
from zlib import crc32

import numpy as np

from central.training import corpus, stock_command

EXAMPLES = 2000  # in a chunk
CHUNKS_A_STOCK = 2  # chunks made with the same lines and rooms; one stock for all is learnt by heart
ROOMS = 150
HELD_OUT = 10  # of so many tracks and voices one is not trained on, but sets the thresholds
HELD_CHUNKS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the gate's own steps."""
    steps = parser.add_subparsers(title="steps", required=True)
    step = steps.add_parser("examples", help="prepare labelled spectrograms from the training side")
    step.add_argument("--pool", type=Path, required=True, help="folder of the examples")
    step.add_argument("--chunks", type=int, default=30, help=f"of {EXAMPLES} each (default: 30)")
    step.add_argument("--seed", type=int, default=1, help="other seeds make other examples")
    stock_command.add_only_fetched(step)
    step.add_argument("--tracks", type=int, help="at most so many of each package of music (default: all)")
    step.set_defaults(step=_examples)

    step = steps.add_parser("train", help="train, or go on training, for so many steps")
    step.add_argument("--pool", type=Path, required=True, help="folder of the examples")
    step.add_argument("--run", type=Path, required=True, help="folder of checkpoint and curve")
    step.add_argument(
        "--steps", type=int, default=3000, help="in all, those before a pause too (default: 3000)"
    )
    step.add_argument(
        "--start-from",
        type=Path,
        help="embedding .tflite, trained with --width 0.5, whose first layers it begins with (default: fresh weights)",
    )
    step.set_defaults(step=_train)

    step = steps.add_parser("export", help="write a run's network as int8 model, with its thresholds")
    step.add_argument("--pool", type=Path, required=True, help="folder of the examples")
    step.add_argument("--run", type=Path, required=True, help="folder of the run")
    step.add_argument("--out", type=Path, help="(default: the gate that ships)")
    step.set_defaults(step=_export)

    step = steps.add_parser("measure", help="tell how often the gate is right, on the test side")
    step.add_argument("--gate", type=Path, help="(default: the gate that ships)")
    step.add_argument("--segments", type=int, default=400, help="of each kind (default: 400)")
    step.set_defaults(step=_measure)


def _examples(asked: argparse.Namespace) -> None:
    from central.training import gate_examples, gate_sounds
    from central.training.degradation import Degradation

    music = corpus.decoded("train", "music", asked.cache, asked.only_fetched, asked.tracks)
    speech, noise = (
        corpus.decoded("train", holds, asked.cache, asked.only_fetched) for holds in ("speech", "noise")
    )
    noise = [path for path in noise if not set(gate_sounds.MUSICAL_EFFECTS) & set(path.parts)]
    asked.pool.mkdir(parents=True, exist_ok=True)
    for side, chunks in (("held", HELD_CHUNKS), ("train", asked.chunks)):
        tracks, talks, effects = (
            [path for path in files if _is_held(path) == (side == "held")] for files in (music, speech, noise)
        )
        for first in range(0, chunks, CHUNKS_A_STOCK):
            numbers = range(first, min(first + CHUNKS_A_STOCK, chunks))
            targets = [asked.pool / f"{side}-{asked.seed}-{number:03d}.npz" for number in numbers]
            if all(target.exists() for target in targets):
                continue
            rng = np.random.default_rng([asked.seed, len(side), first])
            sources = gate_sounds.sources(tracks, talks, effects, side == "held", rng)
            degradation = Degradation([], rng, ROOMS)
            for target in targets:
                beside = target.with_name(f".{target.name}")
                np.savez(beside, **gate_examples.make(sources, degradation, EXAMPLES, rng))  # type: ignore[arg-type]
                beside.replace(target)
                print(target, flush=True)


def _is_held(path: Path) -> bool:
    """Tell a sound's side by its package and name: the same whatever else has been fetched, and wherever to."""
    return crc32("/".join(path.parts[path.parts.index("decoded") + 1 :]).encode()) % HELD_OUT == 0


def _train(asked: argparse.Namespace) -> None:
    from central.training import gate_training

    gate_training.train(
        asked.pool, asked.run, gate_training.GateSchedule(steps=asked.steps), asked.start_from
    )


def _export(asked: argparse.Namespace) -> None:
    from central.training import gate_export
    from device.gate import shipped_gate_path

    out = asked.out or shipped_gate_path()
    gate = gate_export.export(asked.run, asked.pool, out)
    print(f"{out}: {out.stat().st_size} bytes, digest {gate.digest}")


def _measure(asked: argparse.Namespace) -> None:
    from central.training import gate_measure
    from device.gate import Gate, shipped_gate_path

    gate = Gate(asked.gate or shipped_gate_path())
    music, speech, noise = (
        corpus.decoded("test", holds, asked.cache) for holds in ("music", "speech", "noise")
    )
    print(gate_measure.table(gate_measure.measure(gate, music, speech, noise, asked.segments)))
