"""What comes from a microphone: a block of sound, or word that there is none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.errors import Waiting

Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Block:
    """A run of mono samples as captured.

    Whoever receives a block owns its samples; a source never writes to them again.
    """

    samples: Samples  # (n,), full scale is -1..1
    rate: int  # Hz, the card's own
    position: int  # samples since the stream began, at `rate`, of the first sample; lost ones are counted
    lost: int  # samples at `rate` that went missing immediately before this block
    monotonic: float  # seconds on the machine's monotonic clock when the last sample was captured

    @property
    def seconds(self) -> float:
        """How long the block sounds."""
        return len(self.samples) / self.rate

    @property
    def until(self) -> float:
        """Seconds in the stream at which it ends."""
        return self.position / self.rate + self.seconds


@dataclass(frozen=True)
class Absence:
    """A moment at which no microphone is there; the stream's time goes on without sound."""

    until: float  # seconds in the stream at this moment
    monotonic: float  # seconds on the machine's monotonic clock at this moment
    reason: Waiting  # why there is none


Arrival = Block | Absence
