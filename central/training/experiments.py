"""What is compared: the shipped form, and each that differs from it in one thing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from central.training.fate import Chances
from central.training.net import NetShape
from central.training.stream import Cutting
from central.training.training import Schedule
from device.features import PARAMETERS, FeatureParameters

GROUPS = ("window", "dimension", "width", "loss", "left-out")
_QUERIES_A_SECOND = 2


@dataclass(frozen=True)
class Experiment:
    """A network, how it is trained, and on what."""

    name: str
    group: str
    schedule: Schedule
    shape: NetShape = field(default_factory=NetShape)
    parameters: FeatureParameters = PARAMETERS
    chances: Chances = field(default_factory=Chances)
    cutting: Cutting = field(default_factory=Cutting)

    @property
    def index_bytes(self) -> int:
        """Bytes of exact index for a second of reference: one vector of int8."""
        return self.shape.dimension

    def multiplications(self, a_window: int) -> int:
        """Give those for a second of sound, which takes two windows."""
        return _QUERIES_A_SECOND * a_window


def listed(schedule: Schedule, groups: Sequence[str] = GROUPS) -> list[Experiment]:
    """List the experiments.

    Args:
        schedule: How each is driven, but for what is compared.
        groups: Which comparisons.

    Returns:
        The shipped form first.
    """
    as_shipped = Experiment("as shipped", "", schedule)
    return [as_shipped, *(one for one in _variants(as_shipped) if one.group in groups)]


def _variants(base: Experiment) -> list[Experiment]:
    def window(seconds: int) -> Experiment:
        frames = PARAMETERS.frames // 2 * seconds
        parameters = replace(PARAMETERS, window=PARAMETERS.sample_rate * seconds, frames=frames)
        shape = replace(base.shape, frames=frames)
        return replace(base, name=f"window {seconds} s", group="window", parameters=parameters, shape=shape)

    def dimension(wanted: int) -> Experiment:
        shape = replace(base.shape, dimension=wanted)
        return replace(base, name=f"{wanted} dimensions", group="dimension", shape=shape)

    def width(factor: float) -> Experiment:
        return replace(
            base, name=f"{factor:g} times as wide", group="width", shape=base.shape.times_as_wide(factor)
        )

    def loss(name: str, **changes: Any) -> Experiment:
        return replace(base, name=name, group="loss", schedule=replace(base.schedule, **changes))

    def without(name: str, **changes: float) -> Experiment:
        return replace(
            base, name=f"without {name}", group="left-out", chances=replace(base.chances, **changes)
        )

    def uncut(name: str, **changes: float) -> Experiment:
        return replace(
            base, name=f"without {name}", group="left-out", cutting=replace(base.cutting, **changes)
        )

    return [
        window(1),
        window(3),
        dimension(64),
        dimension(128),
        width(0.5),
        width(0.75),
        loss("temperature 0.1", temperature=0.1),
        loss("two queries a place", queries=2),
        loss("two queries, triplets in the last quarter", queries=2, triplets_from=0.75),
        without("voices and noises", disturbance=0.0),
        without("rooms", room=0.0),
        without("loudspeaker, equaliser, microphone", colour=0.0),
        without("clipping", clipping=0.0),
        without("the microphone's own noise", self_noise=0.0),
        without("other speeds", speed=0.0),
        uncut("cut-outs", cut_outs=0.0),
        uncut("shifts", shift=0.0),
    ]
