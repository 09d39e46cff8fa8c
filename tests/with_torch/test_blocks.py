"""What is exported computes the same sums in another order."""

import torch

from central.training.blocks import BlocksFirst, in_blocks, of_blocks
from central.training.net import EmbeddingNet, NetShape, Stage
from device.features import PARAMETERS


def test_blocks_as_channels_change_no_vector() -> None:
    torch.manual_seed(1)
    net = EmbeddingNet(NetShape(stages=(Stage(16, 1, 3), Stage(32, 1, 3)), dimension=16)).eval()
    spectrograms = torch.rand(5, 1, PARAMETERS.bands, PARAMETERS.frames) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(BlocksFirst(net)(spectrograms), net(spectrograms))


def test_kernels_come_back_from_blocks_as_they_were() -> None:
    kernels = torch.rand(3, 1, 8, 8)
    assert in_blocks(kernels, 4).shape == (3, 16, 2, 2)
    assert torch.equal(of_blocks(in_blocks(kernels, 4), 4), kernels)
