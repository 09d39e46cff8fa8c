"""A widened network answers as the one it came from, and its twins can be drawn apart."""

from dataclasses import replace

import pytest
import torch

from central.training.net import EmbeddingNet, NetShape, Stage
from central.training.widening import widened
from device.errors import Refused
from device.features import PARAMETERS

FORM = NetShape(stages=(Stage(8, 1, 3), Stage(16, 2, 5)), dimension=8)


def narrow(shape: NetShape | None = None) -> EmbeddingNet:
    torch.manual_seed(1)
    net = EmbeddingNet(shape or FORM)
    net.train()
    for _ in range(5):  # so that the norms have seen something
        net(torch.rand(8, 1, PARAMETERS.bands, PARAMETERS.frames) * 2 - 1)
    return net.eval()


@pytest.mark.parametrize("channels", [(8, 16), (12, 24), (13, 16), (16, 32)])
def test_it_answers_as_the_narrower_one(channels: tuple[int, int]) -> None:
    net = narrow()
    stages = tuple(
        replace(stage, channels=wanted) for stage, wanted in zip(FORM.stages, channels, strict=True)
    )
    wide = widened(net, replace(FORM, stages=stages))
    sounds = torch.rand(4, 1, PARAMETERS.bands, PARAMETERS.frames) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(wide(sounds), net(sounds), rtol=1e-3, atol=1e-4)


def test_half_the_shipped_form_can_be_widened_to_it() -> None:
    net = narrow(NetShape().times_as_wide(0.5))
    wide = widened(net, NetShape())
    assert wide.parameter_count() > 3 * net.parameter_count()


def test_twins_learn_different_things() -> None:
    wide = widened(narrow(), replace(FORM, stages=(Stage(16, 1, 3), Stage(16, 2, 5))))
    wide.train()
    wide(torch.rand(4, 1, PARAMETERS.bands, PARAMETERS.frames)).square().sum().backward()
    stem = wide.body[0][0].weight.grad
    assert not torch.allclose(stem[:8], stem[8:], rtol=0.05)


@pytest.mark.parametrize(
    "shape",
    [
        replace(FORM, stages=(Stage(4, 1, 3), Stage(16, 2, 5))),
        replace(FORM, stages=(Stage(8, 1, 3), Stage(33, 2, 5))),
        replace(FORM, stages=(Stage(8, 1, 3), Stage(16, 3, 5))),
        replace(FORM, dimension=16),
    ],
    ids=["narrower", "more than twice", "deeper", "another dimension"],
)
def test_other_forms_are_refused(shape: NetShape) -> None:
    with pytest.raises(Refused, match="form that is asked for"):
        widened(narrow(), shape)
