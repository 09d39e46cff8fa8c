"""The training itself: NT-Xent over large batches, AdamW, a cosine over the time that is granted.

The learning rate follows elapsed training time, not steps, because how many steps an hour holds depends on who else uses
the machine. A run goes on from its last checkpoint; what ships is a running average of the weights.
"""

import csv
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from central.training import warm_start
from central.training.batches import Pool
from central.training.net import EmbeddingNet, NetShape, Stage
from device.embedding import EmbeddingModel

CHECKPOINT = "checkpoint.pt"
CURVE = "curve.csv"
WARM_START_WINDOWS = 256  # spectrograms that show what passes each BatchNorm

# Where the CPU has no bfloat16 it is emulated, ten times slower than float32.
_BFLOAT16 = torch.cpu._is_avx512_bf16_supported()  # there is no public name for it


@dataclass(frozen=True)
class Schedule:
    """How a run is driven."""

    minutes: float  # of training, over which the rate falls to nothing
    pairs: int = 192  # a batch
    rate: float = 2e-3  # highest learning rate
    warm_up: float = 0.03  # share of the time in which the rate rises
    decay: float = 1e-2  # AdamW's
    temperature: float = 0.05  # NT-Xent
    averaging: float = 0.995  # of the running average, a step
    seed: int = 1
    threads: int = 1  # where others use the machine, waiting for a second thread costs more than it gives


def train(pool_folder: Path, run: Path, schedule: Schedule, start_from: Path | None = None) -> None:
    """Train, or go on training, until the granted minutes are used up.

    Args:
        pool_folder: Chunks made by `central.training.pool`; new ones are taken up on the way.
        run: Folder of checkpoint and curve. If it has a checkpoint, the run goes on there.
        schedule: How it is driven.
        start_from: What a new run begins with: a checkpoint's averaged weights, or a shipped `.tflite`.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(schedule.threads)
    torch.manual_seed(schedule.seed)
    net, before = _begun(pool_folder, start_from)
    net = net.to(memory_format=torch.channels_last)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(schedule.averaging), use_buffers=True)
    optimiser = torch.optim.AdamW(net.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    steps, spent = 0, 0.0
    if (kept := run / CHECKPOINT).exists():
        state = torch.load(kept, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        steps, spent, before = state["steps"], state["seconds"], state["before"]
    pool = Pool(pool_folder, np.random.default_rng(schedule.seed + steps))
    curve = _Curve(run / CURVE)
    batches = pool.batches(schedule.pairs)
    net.train()
    last = time.monotonic()
    while spent < schedule.minutes * 60:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate * _share(spent / (schedule.minutes * 60), schedule.warm_up)
        loss, right = _step(net, _tensor(next(batches)), optimiser, schedule.temperature)
        average.update_parameters(net)
        steps += 1
        now = time.monotonic()
        spent, last = spent + now - last, now
        if curve.note(steps, spent, loss, right, optimiser.param_groups[0]["lr"]):
            print(f"{spent / 60:5.1f} min  step {steps}  {curve.last}  {pool.anchors} anchors", flush=True)
        if steps % 200 == 0:
            pool.refresh()
            _keep(run, net, average, optimiser, steps, spent, schedule, before)
    _keep(run, net, average, optimiser, steps, spent, schedule, before)


def load(checkpoint: Path) -> EmbeddingNet:
    """Read the averaged network of a run.

    Args:
        checkpoint: `checkpoint.pt` of a run's folder.

    Returns:
        The network, ready to embed.
    """
    state = torch.load(checkpoint, weights_only=True)
    shape = state["shape"]
    stages = tuple(Stage(**stage) for stage in shape.pop("stages"))
    net = EmbeddingNet(NetShape(**shape, stages=stages))
    prefix = "module."
    averaged = {
        name.removeprefix(prefix): value
        for name, value in state["average"].items()
        if name.startswith(prefix)
    }
    net.load_state_dict(averaged)
    net.eval()
    return net


def history(checkpoint: Path) -> list[dict[str, Any]]:
    """Tell how a run's network was trained, for the model's metadata.

    Args:
        checkpoint: `checkpoint.pt` of a run's folder.

    Returns:
        Steps, minutes and schedule of each run, that it began with first.
    """
    state = torch.load(checkpoint, weights_only=True)
    this = {
        "steps": state["steps"],
        "minutes": round(state["seconds"] / 60, 1),
        "schedule": state["schedule"],
    }
    return [*state["before"], this]


def embed_with(net: EmbeddingNet) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Make a float network usable like a box's model, to compare the two.

    Args:
        net: The network.

    Returns:
        A function from spectrograms (n, bands, frames) to unit vectors (n, dimension).
    """
    torch.set_num_threads(1)

    def embed(spectrograms: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            parts = [net(part[:, None]) for part in torch.from_numpy(spectrograms).split(256)]
            vectors: NDArray[np.float32] = nn.functional.normalize(torch.cat(parts), dim=1).numpy()
        return vectors

    return embed


def nt_xent(references: Tensor, queries: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Compute the normalised temperature-scaled cross entropy (Chen et al. 2020, SimCLR).

    Args:
        references: Vectors of any length, shape (pairs, dimension).
        queries: Their partners in the same order.
        temperature: Smaller is stricter about the nearest wrong ones.

    Returns:
        The loss, and the share of vectors whose partner is the nearest of all others in the batch.
    """
    vectors = nn.functional.normalize(torch.cat([references, queries]).float(), dim=1)
    similar = vectors @ vectors.T / temperature
    similar.fill_diagonal_(-1e9)
    count = len(references)
    partners = torch.arange(2 * count).roll(count)
    return nn.functional.cross_entropy(similar, partners), (similar.argmax(1) == partners).float().mean()


def _begun(pool_folder: Path, start_from: Path | None) -> tuple[EmbeddingNet, list[dict[str, Any]]]:
    """Give the network that a new run begins with, and how it was trained before."""
    if start_from is None:
        return EmbeddingNet(), []
    if start_from.suffix != ".tflite":
        return load(start_from), history(start_from)
    views = Pool(pool_folder, np.random.default_rng(0)).views(WARM_START_WINDOWS)
    trained = EmbeddingModel(start_from).metadata["trained"]
    return warm_start.from_model(start_from, torch.from_numpy(views[:, None])), trained


def _step(
    net: EmbeddingNet, batch: Tensor, optimiser: torch.optim.Optimizer, temperature: float
) -> tuple[float, float]:
    # bfloat16 in the convolutions trebles the steps an hour holds on CPUs that have it; the loss stays in float32.
    with torch.autocast("cpu", torch.bfloat16, enabled=_BFLOAT16):
        vectors = net(batch)
    count = len(batch) // 2
    loss, right = nt_xent(vectors[:count], vectors[count:], temperature)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimiser.step()
    return loss.item(), right.item()


def _tensor(spectrograms: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(spectrograms).contiguous(memory_format=torch.channels_last)


def _share(progress: float, warm_up: float) -> float:
    """Give the share of the highest rate: up in a line, down in a cosine."""
    if progress < warm_up:
        return 0.02 + 0.98 * progress / warm_up
    return max(0.002, 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warm_up) / (1 - warm_up)))))


def _keep(
    run: Path,
    net: EmbeddingNet,
    average: AveragedModel,
    optimiser: torch.optim.Optimizer,
    steps: int,
    seconds: float,
    schedule: Schedule,
    before: list[dict[str, Any]],
) -> None:
    beside = run / f".{CHECKPOINT}.part"
    torch.save(
        {
            "net": net.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "steps": steps,
            "seconds": seconds,
            "shape": asdict(net.shape),
            "schedule": asdict(schedule),
            "before": before,
        },
        beside,
    )
    beside.replace(run / CHECKPOINT)


class _Curve:
    """Means over 20 steps, appended to a CSV."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._noted: list[tuple[float, float]] = []
        self.last = ""
        if not path.exists():
            path.write_text("step,seconds,loss,right,rate\n", encoding="utf-8")

    def note(self, step: int, seconds: float, loss: float, right: float, rate: float) -> bool:
        """Note a step; tell whether a line was written."""
        self._noted.append((loss, right))
        if len(self._noted) < 20:
            return False
        means = np.mean(self._noted, axis=0)
        self._noted.clear()
        self.last = f"loss {means[0]:.3f}  right {means[1]:.3f}"
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(
                [step, f"{seconds:.0f}", f"{means[0]:.4f}", f"{means[1]:.4f}", f"{rate:.2e}"]
            )
        return True
