"""The network: depthwise-separable, small enough for a box, without anything that int8 does not like.

Only convolution, BatchNorm, ReLU and sums: BatchNorm folds into the convolution before it, ReLU into the quantisation
after it. Unit length is made outside the graph, in `device.embedding`, where it is exact.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from device.features import PARAMETERS

LARGE = 5  # side of a depthwise kernel from which float32 is faster to learn in on a processor


@dataclass(frozen=True)
class Stage:
    """Residual blocks that share a resolution; stages after the first begin by halving both axes."""

    channels: int
    blocks: int
    kernel: int  # side of the depthwise kernels, odd


@dataclass(frozen=True)
class NetShape:
    """Everything that decides the network's form; it is kept in the checkpoint."""

    # One dense convolution takes the spectrogram to a quarter of its sides at once: depthwise blocks at higher
    # resolution cost most of the training time on a CPU and, being few channels wide, give least.
    stem_kernel: int = 8
    stem_stride: int = 4
    stages: tuple[Stage, ...] = (Stage(96, 2, 3), Stage(192, 4, 5), Stage(384, 2, 3))
    dimension: int = 96
    frames: int = PARAMETERS.frames  # of a spectrogram; only experiments with other windows give others

    def times_as_wide(self, factor: float) -> "NetShape":
        """Give this form with so many times as many channels, in multiples of 8."""
        return replace(
            self,
            stages=tuple(
                replace(stage, channels=8 * round(stage.channels * factor / 8)) for stage in self.stages
            ),
        )


class EmbeddingNet(nn.Module):  # type: ignore[misc, unused-ignore]  # torch may be absent
    """Maps spectrograms (n, 1, bands, frames) to vectors (n, dimension) that are not yet of unit length."""

    def __init__(self, shape: NetShape | None = None) -> None:
        """Build the network with fresh weights.

        Args:
            shape: Its form; the shipped one if not given.
        """
        super().__init__()
        self.shape = shape or NetShape()
        channels = self.shape.stages[0].channels
        layers: list[nn.Module] = [convolution(1, channels, self.shape.stem_kernel, self.shape.stem_stride)]
        for number, stage in enumerate(self.shape.stages):
            if number:
                layers.append(convolution(channels, stage.channels, kernel=2, stride=2))
            layers += [Separable(stage.channels, stage.kernel) for _ in range(stage.blocks)]
            channels = stage.channels
        self.body = nn.Sequential(*layers)
        # One weight a channel and place, instead of a mean over places: where in the segment something
        # sounds is what alignment in time lives on (MobileFaceNet's global depthwise convolution).
        shrink = self.shape.stem_stride * 2 ** (len(self.shape.stages) - 1)
        left = (PARAMETERS.bands // shrink, self.shape.frames // shrink)
        self.gather = nn.Sequential(
            nn.Conv2d(channels, channels, left, groups=channels, bias=False), nn.BatchNorm2d(channels)
        )
        self.project = nn.Conv2d(channels, self.shape.dimension, 1)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Map spectrograms to vectors.

        Args:
            spectrograms: Shape (n, 1, bands, frames), values as `device.features.log_mel` scales them.

        Returns:
            Shape (n, dimension).
        """
        vectors: Tensor = self.project(self.gather(self.body(spectrograms)))
        return vectors.flatten(1)

    def parameter_count(self) -> int:
        """Count the trained numbers."""
        return sum(parameter.numel() for parameter in self.parameters())

    def multiplications(self) -> int:
        """Count the multiplications that one spectrogram takes, those of BatchNorms not: they fold away."""
        counted: list[int] = []

        def note(layer: nn.Conv2d, _inputs: object, out: Tensor) -> None:
            counted.append(layer.weight[0].numel() * out[0].numel())

        hooks = [
            layer.register_forward_hook(note) for layer in self.modules() if isinstance(layer, nn.Conv2d)
        ]
        training = self.training
        with torch.inference_mode():
            self.eval()(torch.zeros(1, 1, PARAMETERS.bands, self.shape.frames))
        self.train(training)
        for hook in hooks:
            hook.remove()
        return sum(counted)


class Separable(nn.Module):  # type: ignore[misc, unused-ignore]
    """A depthwise and a pointwise convolution with a way past both."""

    def __init__(self, channels: int, kernel: int) -> None:
        """Build the block.

        Args:
            channels: In and out.
            kernel: Side of the depthwise kernel, odd.
        """
        super().__init__()
        self.depthwise = convolution(channels, channels, kernel, groups=channels, kind=Depthwise)
        self.pointwise = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (n, channels, bands, frames) to the same shape."""
        return torch.relu(self.pointwise(self.depthwise(inputs)) + inputs)


class Depthwise(nn.Conv2d):  # type: ignore[misc, unused-ignore]
    """A convolution that learns large kernels in float32: oneDNN's gradient of 5 x 5 takes a third of bfloat16's time."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Convolve, and answer in the precision of what comes."""
        if inputs.device.type != "cpu" or inputs.dtype != torch.bfloat16 or self.kernel_size[0] < LARGE:
            return super().forward(inputs)
        with torch.autocast("cpu", enabled=False):
            return super().forward(inputs.float()).to(inputs.dtype)


def convolution(
    channels: int,
    wanted: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    kind: type[nn.Conv2d] = nn.Conv2d,
) -> nn.Sequential:
    """Build a convolution that divides the sides by its stride exactly, with its BatchNorm and ReLU."""
    # An even kernel of twice the stride needs half a stride of padding to halve the sides exactly.
    padding = (kernel - stride + 1) // 2
    return nn.Sequential(
        kind(channels, wanted, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(wanted),
        nn.ReLU(),
    )
