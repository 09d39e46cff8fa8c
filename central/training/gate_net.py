"""The gate's network: some 42,000 parameters, two answers.

Its first layers may be those of an embedding half as wide as the shipped one: they know music through halls and voices from far
more sound than the gate is trained on. Like those it has only convolution, BatchNorm and ReLU, which int8 likes. The two answers are
logits; the probabilities are computed outside, in `device.gate`, where they are exact.
"""

from pathlib import Path

from torch import Tensor, nn

from central.training.net import NetShape, Separable, convolution
from central.training.warm_start import from_model
from device.errors import Refused
from device.features import PARAMETERS

FORM = NetShape().times_as_wide(
    0.5
)  # of the embedding whose first layers it can take over; the shipped one's are too large
# Channels after each separable convolution, the side of its depthwise kernel, its stride.
STAGES = ((96, 5, 2), (96, 3, 1), (128, 3, 2))


class GateNet(nn.Module):  # type: ignore[misc, unused-ignore]  # torch may be absent
    """Maps spectrograms (n, 1, bands, frames) to logits (n, 2) of music and of speech."""

    def __init__(self) -> None:
        """Build the network with fresh weights."""
        super().__init__()
        shape = FORM
        first, *_ = shape.stages
        self.trunk = nn.Sequential(
            convolution(1, first.channels, shape.stem_kernel, shape.stem_stride),
            *(Separable(first.channels, first.kernel) for _ in range(first.blocks)),
        )
        channels, shrink = first.channels, shape.stem_stride
        layers = []
        for wanted, kernel, stride in STAGES:
            layers += [
                convolution(channels, channels, kernel, stride, channels),
                convolution(channels, wanted, 1),
            ]
            channels, shrink = wanted, shrink * stride
        self.body = nn.Sequential(*layers)
        # One weight a channel and place: low and high bands are no equals. Where in time does not matter, but nothing
        # is gained by forcing that.
        left = (PARAMETERS.bands // shrink, PARAMETERS.frames // shrink)
        self.gather = nn.Sequential(
            nn.Conv2d(channels, channels, left, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        self.drop = nn.Dropout(0.2)
        self.project = nn.Conv2d(channels, 2, 1)

    def take_over(self, embedding: Path, spectrograms: Tensor) -> None:
        """Begin with an embedding model's first layers.

        Args:
            embedding: The `.tflite`.
            spectrograms: (n, 1, bands, frames), to learn what passes each of its BatchNorms.

        Raises:
            Refused: It is of another form than `FORM`.
        """
        given = from_model(embedding, spectrograms)
        if given.shape != FORM:
            raise Refused(
                "gate-other-form",
                f"{embedding.name} is not half as wide as the embedding that ships.",
                "Take one trained with --width 0.5, or begin with fresh weights.",
            )
        self.trunk.load_state_dict(given.body[: len(self.trunk)].state_dict())

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Map spectrograms to logits.

        Args:
            spectrograms: Shape (n, 1, bands, frames), values as `device.features.log_mel` scales them.

        Returns:
            Shape (n, 2): music, speech.
        """
        logits: Tensor = self.project(self.drop(self.gather(self.body(self.trunk(spectrograms)))))
        return logits.flatten(1)

    def parameter_count(self) -> int:
        """Count the trained numbers."""
        return sum(parameter.numel() for parameter in self.parameters())
