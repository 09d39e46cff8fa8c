"""What a run keeps, so that it can be stopped at any time: weights, their average, the optimiser, how far it is."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel

from central.training.net import EmbeddingNet, NetShape, Stage

CHECKPOINT = "checkpoint.pt"


def exists(run: Path) -> bool:
    """Tell whether a run has kept anything."""
    return (run / CHECKPOINT).exists()


def read(run: Path) -> dict[str, Any]:
    """Read what a run kept, onto the processor.

    Args:
        run: The run's folder.
    """
    return _read(run / CHECKPOINT)


def write(
    run: Path,
    net: EmbeddingNet,
    average: AveragedModel,
    optimiser: torch.optim.Optimizer,
    steps: int,
    seconds: float,
    schedule: dict[str, Any],
    before: list[dict[str, Any]],
) -> None:
    """Keep a run; the old checkpoint stays until the new one is whole.

    Args:
        run: The run's folder.
        net: The network that learns.
        average: The running average of its weights.
        optimiser: Its optimiser.
        steps: How many were taken.
        seconds: How long they took.
        schedule: How the run is driven.
        before: How the network was trained before this run.
    """
    beside = run / f".{CHECKPOINT}.part"
    torch.save(
        {
            "net": net.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "steps": steps,
            "seconds": seconds,
            "shape": asdict(net.shape),
            "schedule": schedule,
            "before": before,
        },
        beside,
    )
    beside.replace(run / CHECKPOINT)


def load(path: Path) -> EmbeddingNet:
    """Read the averaged network of a run.

    Args:
        path: `checkpoint.pt` of a run's folder.

    Returns:
        The network, ready to embed, on the processor.
    """
    state = _read(path)
    net = EmbeddingNet(shape_of(state))
    prefix = "module."
    averaged = {
        name.removeprefix(prefix): value
        for name, value in state["average"].items()
        if name.startswith(prefix)
    }
    net.load_state_dict(averaged)
    net.eval()
    return net


def history(path: Path) -> list[dict[str, Any]]:
    """Tell how a run's network was trained, for the model's metadata.

    Args:
        path: `checkpoint.pt` of a run's folder.

    Returns:
        Steps, minutes and schedule of each run, that it began with first.
    """
    state = _read(path)
    this = {
        "steps": state["steps"],
        "minutes": round(state["seconds"] / 60, 1),
        "schedule": state["schedule"],
    }
    return [*state["before"], this]


def shape_of(state: dict[str, Any]) -> NetShape:
    """Give the network's form that a checkpoint states."""
    shape = dict(state["shape"])
    stages = tuple(Stage(**stage) for stage in shape.pop("stages"))
    return NetShape(**shape, stages=stages)


def _read(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    return state
