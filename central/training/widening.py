"""A wider network that begins by answering as a narrower one does (Chen, Goodfellow and Shlens 2016, Net2WiderNet).

Every new channel is at first another's twin; whoever listens to both weighs them so that together they say what one did. The
weights of twins differ, so that training draws them apart. A network of twice the channels need not learn anew what the
smaller one knows.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from central.training.net import EmbeddingNet, NetShape, Separable
from device.errors import Refused

SHARE = (0.3, 0.7)  # of what a channel said, that its first twin says from now on


def widened(net: EmbeddingNet, shape: NetShape) -> EmbeddingNet:
    """Build a wider network that answers as this one.

    Args:
        net: The narrower one.
        shape: As this one's, but for more channels in its stages: twice as many at most.

    Returns:
        The wider one, ready to be trained on.

    Raises:
        Refused: The form differs in something else, has fewer channels, or more than twice as many.
    """
    pairs = list(zip(net.shape.stages, shape.stages, strict=False))
    alike = replace(shape, stages=net.shape.stages) == net.shape and len(shape.stages) == len(
        net.shape.stages
    )
    if not alike or any(
        (old.blocks, old.kernel) != (new.blocks, new.kernel)
        or not old.channels <= new.channels <= 2 * old.channels
        for old, new in pairs
    ):
        raise Refused(
            "training-not-wider",
            "What training begins with cannot be given the form that is asked for.",
            "Ask for --width between 1 and 2, or leave --start-from out.",
        )
    wide = EmbeddingNet(shape)
    # Of which channel of the narrower network each one that is heard is a twin; at first there is the spectrogram alone.
    heard = torch.zeros(1, dtype=torch.long)
    with torch.no_grad():
        number = 0
        for old, new in zip(net.body, wide.body, strict=True):
            if isinstance(old, Separable):
                _depthwise(old.depthwise, new.depthwise, heard)
                _dense(old.pointwise, new.pointwise, heard, heard)
            else:
                said = _twins(*(one.stages[number].channels for one in (net.shape, shape)))
                _dense(old, new, heard, said)
                heard, number = said, number + 1
        _depthwise(net.gather, wide.gather, heard)
        wide.project.weight.copy_(net.project.weight[:, heard] * _shares(heard))
        wide.project.bias.copy_(net.project.bias)
    wide.eval()
    return wide


def _twins(old: int, new: int) -> Tensor:
    """Choose which channels get a twin: shape (new,), numbers of old ones, each once or twice."""
    return torch.cat([torch.arange(old), torch.randperm(old)[: new - old].sort().values])


def _shares(heard: Tensor) -> Tensor:
    """Give what whoever listens takes of each channel, so that twins together count as one: shape (1, channels, 1, 1)."""
    shares = torch.ones(len(heard))
    old = int(heard.max()) + 1
    first = heard[old:]
    shares[first] = torch.empty(len(first)).uniform_(*SHARE)
    shares[old:] = 1 - shares[first]
    return shares[None, :, None, None]


def _dense(old: nn.Sequential, new: nn.Sequential, heard: Tensor, said: Tensor) -> None:
    """Fill a convolution that hears all channels, and its norm."""
    new[0].weight.copy_(old[0].weight[said][:, heard] * _shares(heard))
    _norm(old[1], new[1], said)


def _depthwise(old: nn.Sequential, new: nn.Sequential, heard: Tensor) -> None:
    """Fill a convolution that hears each channel by itself, and its norm."""
    new[0].weight.copy_(old[0].weight[heard])
    _norm(old[1], new[1], heard)


def _norm(old: nn.BatchNorm2d, new: nn.BatchNorm2d, said: Tensor) -> None:
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(new, name).copy_(getattr(old, name)[said])
