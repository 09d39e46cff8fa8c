"""A second of sound, measured: how loud it is in each octave. The sound itself is let go of at once."""

import math
from dataclasses import dataclass
from functools import lru_cache

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
    scale = _scale(len(centred), rate)
    spectrum = np.fft.rfft(centred * scale.window)
    lowest, highest = float(samples.min()), float(samples.max())
    return Second(
        level=_decibels(_power(centred) / len(centred)),
        peak=_decibels(max(-lowest, highest) ** 2),
        octaves=tuple(
            QUIETEST if bins is None else _decibels(_power(spectrum[bins]) * scale.share)
            for bins in scale.octaves
        ),
        constant=lowest == highest,
        rate=rate,
        until=until,
    )


@dataclass(frozen=True, eq=False)
class _Scale:
    """What measuring needs to know of a length and a rate, which hardly ever change."""

    window: NDArray[np.float64]
    share: float  # what turns a bin's square into power
    octaves: tuple[slice | None, ...]  # bins of each; None where the card's rate does not reach


@lru_cache(maxsize=4)
def _scale(count: int, rate: int) -> _Scale:
    window = np.hanning(count)
    frequencies = np.fft.rfftfreq(count, 1 / rate)
    # Parseval: what all bins hold together is the mean power, the window's own taken out.
    return _Scale(
        window,
        2.0 / (count * float(np.sum(window**2))),
        tuple(_bins(frequencies, middle, rate) for middle in OCTAVES),
    )


def _bins(frequencies: NDArray[np.floating], middle: int, rate: int) -> slice | None:
    if middle * _EDGE > rate / 2 * 0.95:  # the card's own filter reaches in here
        return None
    return slice(*np.searchsorted(frequencies, [middle / _EDGE, middle * _EDGE]).tolist())


def _power(values: NDArray[np.float64] | NDArray[np.complex128]) -> float:
    """Sum the squares of values, without an array of them in between."""
    return float(np.vdot(values, values).real)


def _decibels(power: float) -> float:
    return max(QUIETEST, 10.0 * math.log10(power)) if power > 0.0 else QUIETEST
