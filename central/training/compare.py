"""Small experiments under one budget, and the table that decides by recall per byte of index and per multiplication.

Nothing of the test side is touched: whole packages of the training side are held back, some of them as catalogue, some as
unknown music, and heard in rooms that training never draws. Voices are those of the training side, for all alike.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from central.training import checkpoint, measure
from central.training.experiments import Experiment
from central.training.net import EmbeddingNet
from central.training.stock import Stock
from central.training.stream import Stream
from central.training.training import embed_with, train

HELD_BACK = 4  # every so many-th package of the training side, in alphabetical order
UNKNOWN = 3  # every so many-th of these is no reference
MOST_HEARD = 64  # tracks of those held back that are looked for, or stand for what is unknown
REFERENCE_SECONDS = 60  # of each of them
_RATE = 8000


def held_back(stock: Stock) -> tuple[list[int], list[int], set[int]]:
    """Split a stock's tracks by package.

    Args:
        stock: What there is.

    Returns:
        Numbers of the tracks to train on; of those held back; and which of the latter's places are unknown music.
    """
    packages = sorted({span.label.split("/")[0] for span in stock.music.spans})
    held = packages[::HELD_BACK]
    trained: list[int] = []
    kept: list[int] = []
    unknown: set[int] = set()
    for number, span in enumerate(stock.music.spans):
        package = span.label.split("/")[0]
        if package not in held:
            trained.append(number)
            continue
        if held.index(package) % UNKNOWN == 0:
            unknown.add(len(kept))
        kept.append(number)
    return trained, kept, unknown


def heard_of(held: Sequence[int], unknown: set[int]) -> tuple[list[int], set[int]]:
    """Choose the held tracks to measure with, evenly over all of them: more would take longer than the training."""
    chosen = np.unique(np.linspace(0, len(held) - 1, min(MOST_HEARD, len(held))).astype(int))
    return [held[place] for place in chosen], {row for row, place in enumerate(chosen) if place in unknown}


def run(
    stock: Stock, experiments: Sequence[Experiment], folder: Path, clips: int, device: torch.device
) -> None:
    """Do those experiments that have not been done, one after the other.

    Args:
        stock: What to train on, and to hold back from.
        experiments: What to do.
        folder: A folder for each; one that was cut off goes on where it stopped.
        clips: Of each condition, to measure with.
        device: Where to train.
    """
    trained, held, all_unknown = held_back(stock)
    kept, unknown = heard_of(held, all_unknown)
    tracks = [stock.music.of(number)[: REFERENCE_SECONDS * _RATE] for number in kept]
    talks = [
        stock.beds.of(number).astype(np.float32) / np.float32(32768)
        for number, span in enumerate(stock.beds.spans)
        if span.label == "dialogue"
    ]
    heard: list[measure.Clip] = []
    for experiment in experiments:
        place = _place(folder, experiment)
        if (place / "result.json").exists():
            continue
        if not heard:
            heard = list(measure.clips(tracks, talks, clips))
        result = _one(experiment, stock, place, device, trained, tracks, unknown, heard)
        (place / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
        print(table([result]).splitlines()[-1], flush=True)


def results(folder: Path, experiments: Sequence[Experiment]) -> list[dict[str, Any]]:
    """Read what experiments found, in their order; of those that are not done, what they cost.

    Args:
        folder: What `run` was given.
        experiments: Which.
    """
    return [
        json.loads(path.read_text(encoding="utf-8"))
        if (path := _place(folder, experiment) / "result.json").exists()
        else _costs(experiment)
        for experiment in experiments
    ]


def table(found: Sequence[dict[str, Any]]) -> str:
    """Set results out as Markdown.

    Args:
        found: What `results` gave.

    Returns:
        One line an experiment; recalls in per cent, means over all conditions, a dash where none was measured.
    """
    head = "| experiment | parameters | 10^6 mult. a s | index B a s | first right 5 / 10 s "
    head += "| above unknown 5 / 10 s | per B | per 10^6 mult. | ms a step |"
    lines = [head, "|---" * 9 + "|"]
    for one in found:
        millions = one["multiplications_a_second"] / 1e6
        cells = [one["name"], f"{one['parameters']:,}", f"{millions:.1f}", str(one["index_bytes"])]
        if "first" in one:
            first, accepted = (
                [100 * one[name][length] for length in ("5", "10")] for name in ("first", "accepted")
            )
            cells += [f"{first[0]:.0f} / {first[1]:.0f}", f"{accepted[0]:.0f} / {accepted[1]:.0f}"]
            cells += [f"{first[1] / one['index_bytes']:.2f}", f"{first[1] / millions:.1f}"]
            cells.append(f"{1000 * one['seconds'] / one['steps']:.0f}")
        else:
            cells += ["–"] * 5
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _place(folder: Path, experiment: Experiment) -> Path:
    return folder / experiment.name.replace(" ", "-").replace(",", "")


def _costs(experiment: Experiment) -> dict[str, Any]:
    """Tell what an experiment's network costs a box."""
    net = EmbeddingNet(experiment.shape)
    return {
        "name": experiment.name,
        "group": experiment.group,
        "parameters": net.parameter_count(),
        "multiplications_a_second": experiment.multiplications(net.multiplications()),
        "index_bytes": experiment.index_bytes,
    }


def _one(
    experiment: Experiment,
    stock: Stock,
    place: Path,
    device: torch.device,
    trained: Sequence[int],
    tracks: Sequence[NDArray[np.int16]],
    unknown: set[int],
    heard: Sequence[measure.Clip],
) -> dict[str, Any]:
    seed = experiment.schedule.seed
    source = Stream(
        stock, device, seed, trained, experiment.chances, experiment.cutting, experiment.parameters
    )
    train(source, place, experiment.schedule, shape=experiment.shape, device=device)
    net = checkpoint.load(place / checkpoint.CHECKPOINT)
    begun = time.monotonic()
    cells = measure.measure(embed_with(net.to(device)), tracks, unknown, heard, experiment.parameters)
    lengths = sorted({cell.seconds for cell in cells})
    state = checkpoint.read(place)
    return _costs(experiment) | {
        "steps": state["steps"],
        "seconds": state["seconds"],
        "schedule": asdict(experiment.schedule),
        "first": {str(s): _mean([cell.first for cell in cells if cell.seconds == s]) for s in lengths},
        "accepted": {str(s): _mean([cell.accepted for cell in cells if cell.seconds == s]) for s in lengths},
        "cells": [asdict(cell) for cell in cells],
        "measured_in": round(time.monotonic() - begun, 1),
    }


def _mean(shares: Sequence[float]) -> float:
    return round(float(np.mean(shares)), 4)
