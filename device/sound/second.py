"""A second of sound, measured: how loud it is in each octave. The sound itself is let go of at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.sound.block import Block, Samples

OCTAVES = (125, 250, 500, 1_000, 2_000, 4_000, 8_000)  # Hz, the middles (IEC 61260-1)
QUIETEST = -140.0  # dBFS; below what 24 bits can say, and a number where digital silence has none
_EDGE = float(np.sqrt(2.0))


@dataclass(frozen=True)
class Second:
    """Levels of about a second of sound, dBFS RMS, a full-scale square wave being 0."""

    level: float  # of all of it, but for a constant offset
    peak: float  # of the loudest sample
    octaves: tuple[float, ...]  # as OCTAVES; QUIETEST where the card's rate does not reach so high
    constant: bool  # no sample differs from its neighbour: no analogue part gives that
    rate: int  # Hz, the card's
    until: float  # seconds in the stream at which it ends


class Meter:
    """Collects blocks into seconds."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parts: list[Samples] = []
        self._rate = 0
        self._count = 0

    def take(self, block: Block) -> Second | None:
        """Take a block, give the second that it completes. A gap, or another rate, begins a new one.

        The samples are only read, and kept until the second is full.
        """
        if block.lost or block.rate != self._rate:
            self.clear()
            self._rate = block.rate
        self._parts.append(block.samples)
        self._count += len(block.samples)
        if self._count < self._rate:
            return None
        samples = np.concatenate(self._parts)
        self.clear()
        return measure(samples, block.rate, block.until)

    def clear(self) -> None:
        """Forget what was collected."""
        self._parts, self._count = [], 0


def measure(samples: Samples, rate: int, until: float = 0.0) -> Second:
    """Measure a run of sound.

    Args:
        samples: (n,) mono, full scale -1..1.
        rate: Hz.
        until: Seconds in the stream at which it ends.
    """
    centred = samples.astype(np.float64) - float(np.mean(samples, dtype=np.float64))
    window = np.hanning(len(centred))
    # Parseval: what all bins hold together is the mean power, the window's own taken out.
    power = np.abs(np.fft.rfft(centred * window)) ** 2 * 2.0 / (len(centred) * np.sum(window**2))
    frequencies = np.fft.rfftfreq(len(centred), 1 / rate)
    return Second(
        level=_decibels(float(np.mean(centred**2))),
        peak=_decibels(float(np.max(np.abs(samples))) ** 2),
        octaves=tuple(_octave(power, frequencies, middle, rate) for middle in OCTAVES),
        constant=bool(np.all(samples == samples[0])),
        rate=rate,
        until=until,
    )


def _octave(power: NDArray[np.floating], frequencies: NDArray[np.floating], middle: int, rate: int) -> float:
    if middle * _EDGE > rate / 2 * 0.95:  # the card's own filter reaches in here
        return QUIETEST
    inside = (frequencies >= middle / _EDGE) & (frequencies < middle * _EDGE)
    return _decibels(float(np.sum(power[inside])))


def _decibels(power: float) -> float:
    return max(QUIETEST, 10.0 * float(np.log10(power))) if power > 0.0 else QUIETEST
