"""Training of the gate: minutes on one core, step for step the same wherever it runs."""

import csv
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from central.training.gate_net import GateNet
from central.training.gate_thresholds import equal_errors
from central.training.pool import unpacked
from device.features import PARAMETERS

CHECKPOINT = "gate.pt"
CURVE = "gate-curve.csv"
_LARGEST_CUT_OUT = (10, 10)  # bands, frames
# What the running average keeps at each step: it spans some hundred, since a short run has not many.
AVERAGING = 0.99
_KEPT_EVERY = 100  # steps
_TAKING_OVER = 500  # examples that tell what passes the embedding's layers
_HELD_ON_THE_WAY = 1500  # examples that the curve's errors are of; all of them would take a third of the time


@dataclass(frozen=True)
class GateSchedule:
    """How a run is driven."""

    steps: int = 3000  # in all, those before a pause too
    batch: int = 128
    rate: float = 3e-3  # highest learning rate
    decay: float = 0.02
    trunk_from: float = (
        0.7  # share of the run after which the embedding's layers are trained too; till then steps cost half
    )
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled spectrograms."""

    views: NDArray[np.uint8]  # (n, bands, frames)
    labels: NDArray[np.uint8]  # (n, 2): music, speech
    kinds: NDArray[np.str_]  # (n,), what they were made of

    @property
    def spectrograms(self) -> NDArray[np.float32]:
        """As the network takes them, (n, bands, frames)."""
        return unpacked(self.views)

    def some(self, count: int) -> "Examples":
        """Take about so many, evenly."""
        every = max(1, len(self.views) // count)
        return Examples(self.views[::every], self.labels[::every], self.kinds[::every])


def read(pool: Path, side: str) -> Examples:
    """Read the examples that `gate examples` made.

    Args:
        pool: Their folder.
        side: `train`, or `held` for those of tracks and voices that are not trained on.
    """
    parts = []
    for path in sorted(pool.glob(f"{side}-*.npz")):
        with np.load(path) as stored:
            parts.append(dict(stored))
    return Examples(
        *(np.concatenate([part[name] for part in parts]) for name in ("views", "labels", "kinds"))
    )


def train(pool: Path, run: Path, schedule: GateSchedule, start_from: Path | None = None) -> None:
    """Train, or go on where a run stopped.

    Batches are drawn anew for each step from the run's seed, so that a run that was stopped does not differ.

    Args:
        pool: Folder of the examples.
        run: Folder of checkpoint and curve.
        schedule: How it is driven.
        start_from: Embedding model whose first layers a new run takes over and holds for a while; fresh weights, all trained
            from the first step, if not given.

    Raises:
        Refused: That model is of another form.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(schedule.seed)
    examples, held = read(pool, "train"), read(pool, "held").some(_HELD_ON_THE_WAY)
    net = GateNet().to(memory_format=torch.channels_last)
    if start_from is not None and not (run / CHECKPOINT).exists():
        views = examples.some(_TAKING_OVER).spectrograms
        net.take_over(start_from, torch.from_numpy(views[:, None]))
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(AVERAGING), use_buffers=True)
    optimiser = torch.optim.AdamW(net.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    steps, spent = 0, 0.0
    if (run / CHECKPOINT).exists():
        stored = torch.load(run / CHECKPOINT, weights_only=True)
        net.load_state_dict(stored["net"])
        average.load_state_dict(stored["average"])
        optimiser.load_state_dict(stored["optimiser"])
        steps, spent = stored["steps"], stored["seconds"]
    began = time.monotonic() - spent
    losses: list[float] = []
    while steps < schedule.steps:
        progress = steps / schedule.steps
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate * _share(progress)
        net.trunk.requires_grad_(start_from is None or progress >= schedule.trunk_from)
        rng = np.random.default_rng([schedule.seed, steps])
        torch.manual_seed(schedule.seed + steps)  # what is dropped
        losses.append(_step(net, *_batch(examples, schedule.batch, rng), optimiser))
        average.update_parameters(net)
        steps += 1
        if steps % _KEPT_EVERY == 0 or steps == schedule.steps:
            spent = time.monotonic() - began
            _note(run / CURVE, steps, spent, float(np.mean(losses)), errors(average.module, held))
            losses.clear()
            _keep(run, net, average, optimiser, steps, spent, schedule)


def load(checkpoint: Path) -> tuple[GateNet, dict[str, object]]:
    """Load a run's averaged network, and how it was trained."""
    stored = torch.load(checkpoint, weights_only=True)
    net = GateNet()
    averaged = {
        name.removeprefix("module."): value
        for name, value in stored["average"].items()
        if name.startswith("module.")
    }
    net.load_state_dict(averaged)
    told = {
        "steps": stored["steps"],
        "minutes": round(stored["seconds"] / 60, 1),
        "schedule": stored["schedule"],
    }
    return net.eval(), told


def logits(net: GateNet, examples: Examples) -> NDArray[np.float32]:
    """Ask a network, (n, 2)."""
    training = net.training
    net.eval()
    with torch.inference_mode():
        parts = [net(part[:, None]) for part in torch.from_numpy(examples.spectrograms).split(512)]
    net.train(training)
    return np.asarray(torch.cat(parts).numpy())


def errors(net: GateNet, held: Examples) -> tuple[float, float]:
    """Give the equal error rates of music and of speech."""
    said = logits(net, held)
    music, speech = (equal_errors(said[:, column], held.labels[:, column] == 1)[1] for column in range(2))
    return music, speech


def _batch(examples: Examples, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    rows = rng.integers(len(examples.views), size=size)
    views = examples.views[rows]
    for view in views:
        band, frame = rng.integers(PARAMETERS.bands), rng.integers(PARAMETERS.frames)
        view[band : band + rng.integers(_LARGEST_CUT_OUT[0])] = 0
        view[:, frame : frame + rng.integers(_LARGEST_CUT_OUT[1])] = 0
    spectrograms = torch.from_numpy(unpacked(views)[:, None])
    return spectrograms.contiguous(memory_format=torch.channels_last), torch.from_numpy(
        examples.labels[rows].astype(np.float32)
    )


def _step(net: GateNet, spectrograms: Tensor, labels: Tensor, optimiser: torch.optim.Optimizer) -> float:
    loss = nn.functional.binary_cross_entropy_with_logits(net(spectrograms), 0.02 + 0.96 * labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return float(loss.item())


def _share(progress: float) -> float:
    """Give the share of the highest rate: up in a line, down in a cosine."""
    if progress < 0.05:
        return 0.05 + 0.95 * progress / 0.05
    return max(0.005, 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - 0.05) / 0.95))))


def _note(path: Path, step: int, seconds: float, loss: float, wrong: tuple[float, float]) -> None:
    if not path.exists():
        path.write_text("step,seconds,loss,music_errors,speech_errors\n", encoding="utf-8")
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow([step, f"{seconds:.0f}", f"{loss:.4f}", *(f"{one:.4f}" for one in wrong)])


def _keep(
    run: Path,
    net: GateNet,
    average: AveragedModel,
    optimiser: torch.optim.Optimizer,
    steps: int,
    seconds: float,
    schedule: GateSchedule,
) -> None:
    beside = run / f".{CHECKPOINT}.part"
    stored = {"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(stored | {"steps": steps, "seconds": seconds, "schedule": asdict(schedule)}, beside)
    beside.replace(run / CHECKPOINT)
