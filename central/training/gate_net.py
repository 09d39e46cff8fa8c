"""The gate's network: some 36,000 parameters, two answers.

Like the embedding's it has only convolution, BatchNorm and ReLU, which int8 likes. The two answers are logits; the
probabilities are computed outside, in `device.gate`, where they are exact.
"""

from torch import Tensor, nn

from device.features import PARAMETERS

# As with the embedding's, one dense convolution takes the spectrogram to a quarter of its sides at once: depthwise blocks
# at higher resolution took twice the time of a step.
STEM, STEM_KERNEL, STEM_STRIDE = 48, 8, 4
# Channels after each separable convolution, the side of its depthwise kernel, its stride.
STAGES = ((96, 5, 2), (96, 3, 1), (128, 3, 2))


class GateNet(nn.Module):  # type: ignore[misc, unused-ignore]  # torch may be absent
    """Maps spectrograms (n, 1, bands, frames) to logits (n, 2) of music and of speech."""

    def __init__(self) -> None:
        """Build the network with fresh weights."""
        super().__init__()
        layers = [_convolution(1, STEM, STEM_KERNEL, STEM_STRIDE)]
        channels, shrink = STEM, STEM_STRIDE
        for wanted, kernel, stride in STAGES:
            layers += [
                _convolution(channels, channels, kernel, stride, channels),
                _convolution(channels, wanted, 1),
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

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Map spectrograms to logits.

        Args:
            spectrograms: Shape (n, 1, bands, frames), values as `device.features.log_mel` scales them.

        Returns:
            Shape (n, 2): music, speech.
        """
        logits: Tensor = self.project(self.drop(self.gather(self.body(spectrograms))))
        return logits.flatten(1)

    def parameter_count(self) -> int:
        """Count the trained numbers."""
        return sum(parameter.numel() for parameter in self.parameters())


def _convolution(channels: int, wanted: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, wanted, kernel, stride, (kernel - stride + 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(wanted),
        nn.ReLU(),
    )
