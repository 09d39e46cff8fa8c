"""The gate's network: some 41,000 parameters, two answers.

Like the embedding's it has only convolution, BatchNorm and ReLU, which int8 likes. The two answers are logits; the
probabilities are computed outside, in `device.gate`, where they are exact.
"""

from torch import Tensor, nn

from device.features import PARAMETERS

# Channels after the stem and after each halving, and the side of the depthwise kernel that leads there.
STEM = 24
STAGES = ((48, 3), (80, 5), (128, 5))


class GateNet(nn.Module):  # type: ignore[misc, unused-ignore]  # torch may be absent
    """Maps spectrograms (n, 1, bands, frames) to logits (n, 2) of music and of speech."""

    def __init__(self) -> None:
        """Build the network with fresh weights."""
        super().__init__()
        layers = [_convolution(1, STEM, 5, 2)]
        channels = STEM
        for wanted, kernel in STAGES:
            layers += [
                _convolution(channels, channels, kernel, 2, channels),
                _convolution(channels, wanted, 1),
            ]
            channels = wanted
        layers += [_convolution(channels, channels, 3, 1, channels), _convolution(channels, channels, 1)]
        self.body = nn.Sequential(*layers)
        # One weight a channel and place: low and high bands are no equals. Where in time does not matter, but nothing
        # is gained by forcing that.
        shrink = 2 ** (1 + len(STAGES))
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
        nn.Conv2d(channels, wanted, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(wanted),
        nn.ReLU(),
    )
