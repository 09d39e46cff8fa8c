"""A block: what the sound card, or a file in its place, gives at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
