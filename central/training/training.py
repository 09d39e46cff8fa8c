"""The training itself: NT-Xent over large batches, AdamW, a cosine over the time or the steps that are granted.

The learning rate follows elapsed training time where minutes are granted, because how many steps an hour holds depends on
who else uses the machine; experiments are granted steps. A run goes on from its last checkpoint; what ships is a running
average of the weights.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from central.training import checkpoint, warm_start, widening
from central.training.curve import Curve
from central.training.likeness import Embed
from central.training.losses import nt_xent, triplets
from central.training.net import EmbeddingNet, NetShape
from device.embedding import EmbeddingModel
from device.errors import Refused

CURVE = "curve.csv"
WARM_START_WINDOWS = 256  # spectrograms that show what passes each BatchNorm
KEPT_EVERY = 60.0  # seconds of training after which a checkpoint is written

# Where the CPU has no bfloat16 it is emulated, ten times slower than float32.
_BFLOAT16 = torch.cpu._is_avx512_bf16_supported()  # there is no public name for it


@dataclass(frozen=True)
class Schedule:
    """How a run is driven."""

    minutes: float = 60.0  # of training, over which the rate falls to nothing
    steps: int = 0  # granted instead of minutes, if not 0
    pairs: int = 192  # a batch
    rate: float = 2e-3  # highest learning rate
    warm_up: float = 0.03  # share of the time in which the rate rises
    decay: float = 1e-2  # AdamW's
    temperature: float = 0.05  # NT-Xent
    triplets_from: float = 1.0  # share of the time after which triplets take its place; 1: never
    margin: float = 0.2  # cosine, of triplets
    queries: int = 1  # degraded views of a place in a batch
    alike: int = 1  # places of a batch that are drawn to sound alike, group by group; 1: all at random
    averaging: float = 0.995  # of the running average, a step
    seed: int = 1
    threads: int = 1  # where others use the machine, waiting for a second thread costs more than it gives

    def progress(self, steps: int, seconds: float) -> float:
        """Tell which share of what is granted is used up, from 0 to 1 and beyond."""
        return steps / self.steps if self.steps else seconds / (self.minutes * 60)


class Source(Protocol):
    """Where batches come from: views prepared beforehand, or a stream that makes them on the device."""

    @property
    def anchors(self) -> int:
        """How many places there are."""

    def refresh(self) -> None:
        """Take up what appeared since."""

    def views(self, count: int) -> NDArray[np.float32]:
        """Draw views of any kind, shape (count, bands, frames)."""

    def batches(self, pairs: int, queries: int) -> Iterator[Tensor] | Iterator[NDArray[np.float32]]:
        """Give batches for ever, as `batches.Pool` does."""


@runtime_checkable
class Grouping(Source, Protocol):
    """A source that keeps its places, and so can tell which of them sound alike."""

    def group(self, embed: Embed, size: int) -> None:
        """Draw batches in groups that sound alike, as `batches.Pool` does."""

    def told(self, vectors: NDArray[np.float32]) -> None:
        """Learn what the network made of the last batch's references, (pairs, dimension) of unit length."""


def train(
    source: Source,
    run: Path,
    schedule: Schedule,
    start_from: Path | None = None,
    shape: NetShape | None = None,
    device: torch.device | None = None,
) -> None:
    """Train, or go on training, until what is granted is used up.

    Args:
        source: Where batches come from.
        run: Folder of checkpoint and curve. If it has a checkpoint, the run goes on there.
        schedule: How it is driven.
        start_from: What a new run begins with: a checkpoint's averaged weights, or a shipped `.tflite`.
        shape: Of a new network; the shipped one's, or that of what it begins with, if not given. With both, what it
            begins with is widened.
        device: Where the network learns; the processor if not given.

    Raises:
        Refused: What it begins with has no such wider form, or the source knows no places that sound alike.
    """
    device = device or torch.device("cpu")
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(schedule.seed)
    kept = checkpoint.read(run) if checkpoint.exists(run) else None
    if kept is not None:
        net, before = EmbeddingNet(checkpoint.shape_of(kept)), kept["before"]
    else:
        net, before = _begun(source, start_from, shape)
    net = net.to(device, memory_format=torch.channels_last)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(schedule.averaging), use_buffers=True)
    optimiser = torch.optim.AdamW(net.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    steps, spent = 0, 0.0
    if kept is not None:
        net.load_state_dict(kept["net"])
        average.load_state_dict(kept["average"])
        optimiser.load_state_dict(kept["optimiser"])
        steps, spent = kept["steps"], kept["seconds"]
    curve = Curve(run / CURVE, steps)
    torch.set_num_threads(schedule.threads)
    grouping = _grouping(source, net, schedule) if schedule.alike > 1 else None
    batches = source.batches(schedule.pairs, schedule.queries)
    net.train()
    last, saved = time.monotonic(), spent
    while (progress := schedule.progress(steps, spent)) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate * _share(progress, schedule.warm_up)
        batch = _on(device, next(batches))
        made = time.monotonic()
        loss, right, references = _step(net, batch, optimiser, schedule, progress)
        if grouping is not None:
            grouping.told(nn.functional.normalize(references.float(), dim=1).cpu().numpy())
        average.update_parameters(net)
        steps += 1
        now = time.monotonic()
        spent, making, last = spent + now - last, made - last, now
        if curve.note(steps, spent, loss, right, optimiser.param_groups[0]["lr"], making):
            print(f"{spent / 60:5.1f} min  step {steps}  {curve.last}  {source.anchors} anchors", flush=True)
        if spent - saved > KEPT_EVERY:
            saved = spent
            source.refresh()
            checkpoint.write(run, net, average, optimiser, steps, spent, asdict(schedule), before)
    checkpoint.write(run, net, average, optimiser, steps, spent, asdict(schedule), before)


def device_named(name: str | None) -> torch.device:
    """Find where to train.

    Args:
        name: `cpu` or `cuda`; the accelerator where there is one, if not given.

    Raises:
        Refused: There is no such device here.
    """
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise Refused("training-no-accelerator", "PyTorch sees no accelerator here.", "Leave --device out.")
    return torch.device(name or ("cuda" if found else "cpu"))


def embed_with(net: EmbeddingNet) -> Embed:
    """Make a float network usable like a box's model, to compare the two.

    Args:
        net: The network, on any device.

    Returns:
        A function from spectrograms (n, bands, frames) to unit vectors (n, dimension).
    """
    torch.set_num_threads(1)
    device = next(net.parameters()).device

    def embed(spectrograms: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            parts = [net(part[:, None].to(device)) for part in torch.from_numpy(spectrograms).split(256)]
            vectors: NDArray[np.float32] = (
                nn.functional.normalize(torch.cat(parts).float(), dim=1).cpu().numpy()
            )
        return vectors

    return embed


def _grouping(source: Source, net: EmbeddingNet, schedule: Schedule) -> Grouping:
    """Let a source group places by what a network makes of them while it is trained.

    Raises:
        Refused: The source cannot.
    """
    if not isinstance(source, Grouping):
        raise Refused(
            "training-alike-needs-views",
            "Only views prepared beforehand can be drawn in groups that sound alike.",
            "Give --pool instead of --stock, or leave --alike out.",
        )
    embed = embed_with(net)
    torch.set_num_threads(schedule.threads)

    def as_it_is_now(spectrograms: NDArray[np.float32]) -> NDArray[np.float32]:
        net.eval()
        with _in_halves(next(net.parameters()).device):
            vectors = embed(spectrograms)
        net.train()
        return vectors

    source.group(as_it_is_now, schedule.alike)
    return source


def _begun(
    source: Source, start_from: Path | None, shape: NetShape | None
) -> tuple[EmbeddingNet, list[dict[str, Any]]]:
    """Give the network that a new run begins with, and how it was trained before."""
    if start_from is None:
        return EmbeddingNet(shape), []
    if start_from.suffix != ".tflite":
        net, before = checkpoint.load(start_from), checkpoint.history(start_from)
    else:
        views = source.views(WARM_START_WINDOWS)
        net = warm_start.from_model(start_from, torch.from_numpy(views[:, None]))
        before = EmbeddingModel(start_from).metadata["trained"]
    return (net if shape is None else widening.widened(net, shape)), before


def _step(
    net: EmbeddingNet, batch: Tensor, optimiser: torch.optim.Optimizer, schedule: Schedule, progress: float
) -> tuple[float, float, Tensor]:
    """Learn from a batch: its loss, the share that was right, and what became of its references."""
    with _in_halves(batch.device):
        vectors = net(batch).unflatten(0, (1 + schedule.queries, -1))
    if progress < schedule.triplets_from:
        each = [nt_xent(vectors[0], queries, schedule.temperature) for queries in vectors[1:]]
        loss, right = (torch.stack(parts).mean() for parts in zip(*each, strict=True))
    else:
        loss, right = triplets(vectors[0], vectors[1:], schedule.margin)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimiser.step()
    return loss.item(), right.item(), vectors[0].detach()


def _in_halves(device: torch.device) -> torch.autocast:
    """Compute convolutions in bfloat16, which trebles the steps an hour holds, where it is not emulated."""
    half = device.type == "cuda" or _BFLOAT16
    return torch.autocast(device.type, torch.bfloat16, enabled=half)


def _on(device: torch.device, batch: Tensor | NDArray[np.float32]) -> Tensor:
    """Bring a batch to where the network is, and wait until it is made, so that the curve tells who waits for whom."""
    tensor = batch if isinstance(batch, Tensor) else torch.from_numpy(batch)
    tensor = tensor.to(device).contiguous(memory_format=torch.channels_last)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return tensor


def _share(progress: float, warm_up: float) -> float:
    """Give the share of the highest rate: up in a line, down in a cosine."""
    if progress < warm_up:
        return 0.02 + 0.98 * progress / warm_up
    return max(0.002, 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warm_up) / (1 - warm_up)))))
