"""The network as it is exported: its first convolution sees blocks of the spectrogram as channels.

A runtime fills one input channel up to the four or eight that it multiplies at once, and gathers the 64 values of a kernel
one by one. Blocks of 4 x 4 values as 16 channels, under a kernel of 2 x 2, are the same sums: a window takes an eighth
less time.
"""

from torch import Tensor, nn

from central.training.net import EmbeddingNet


class BlocksFirst(nn.Module):  # type: ignore[misc, unused-ignore]  # torch may be absent
    """Maps spectrograms to the vectors that a network maps them to."""

    def __init__(self, net: EmbeddingNet) -> None:
        """Take a network over.

        Args:
            net: Its first kernel's side is a multiple of its stride.
        """
        super().__init__()
        stem, *after = net.body[0]
        self._side = net.shape.stem_stride
        self._padding = stem.padding[0]
        kernels = in_blocks(stem.weight.detach(), self._side)
        self._stem = nn.Conv2d(kernels.shape[1], len(kernels), tuple(kernels.shape[2:]), bias=False)
        self._stem.weight.data = kernels
        self._after = nn.Sequential(*after, *net.body[1:], net.gather, net.project)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Map (n, 1, bands, frames) to (n, dimension)."""
        padded = nn.functional.pad(spectrograms, (self._padding,) * 4)
        vectors: Tensor = self._after(self._stem(nn.functional.pixel_unshuffle(padded, self._side)))
        return vectors.flatten(1)


def in_blocks(kernels: Tensor, side: int) -> Tensor:
    """Cut kernels of one input channel into blocks.

    Args:
        kernels: Shape (out, 1, height, width), both multiples of the side.
        side: Of a block.

    Returns:
        Shape (out, side * side, height / side, width / side), as `pixel_unshuffle` orders a block.
    """
    return nn.functional.pixel_unshuffle(kernels, side)


def of_blocks(kernels: Tensor, side: int) -> Tensor:
    """Put kernels together again that `in_blocks` has cut."""
    return nn.functional.pixel_shuffle(kernels, side)
