"""Looks for a sound in bytes: whole or in pieces, as 16-bit or floating-point numbers, at the card's rate or the model's.

What it does not find: sound that was compressed or encrypted first.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

PIECE = 2_000  # samples; shorter pieces of sound say little to anybody
ALIKE = 0.5  # correlation; what only happens to look like sound stays far below
_KINDS = (np.dtype("<i2"), np.dtype("<f4"))  # what sound cards, this program and its libraries use


def likest(content: bytes, sound: NDArray[np.float32], rates: tuple[int, ...], rate: int) -> float:
    """Give the correlation of the piece of the bytes that is most like any piece of the sound, 0..1.

    Args:
        content: Whatever was written.
        sound: (n,) mono.
        rates: Hz, at which it might have been written.
        rate: Hz, of `sound`.
    """
    best = 0.0
    if len(content) < PIECE * min(kind.itemsize for kind in _KINDS):
        return best
    for each in rates:
        known = sound if each == rate else soxr.resample(sound, rate, each)
        for kind in _KINDS:
            for start in range(kind.itemsize):
                numbers = np.frombuffer(content[start:], kind, (len(content) - start) // kind.itemsize)
                best = max(best, _likest(numbers, known))
    return best


def _likest(numbers: NDArray[np.generic], known: NDArray[np.float32]) -> float:
    with np.errstate(all="ignore"):
        found = np.nan_to_num(numbers.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if np.issubdtype(numbers.dtype, np.floating):
        found[np.abs(found) > 4.0] = 0.0  # bytes that are no sound make numbers of any size
    spectrum_length = int(2 ** np.ceil(np.log2(len(known) + PIECE)))
    spectrum = np.fft.rfft(known, spectrum_length)
    power = np.convolve(known.astype(np.float64) ** 2, np.ones(PIECE), "valid")
    loud = power > 1e-3 * power.max()
    best = 0.0
    for start in range(0, len(found) - PIECE + 1, PIECE):
        piece = found[start : start + PIECE] - found[start : start + PIECE].mean()
        size = float(np.sum(piece**2))
        if np.count_nonzero(piece) < PIECE / 4:
            continue  # mostly one number: the empty pages of a database
        product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece, spectrum_length)), spectrum_length)
        alike = np.abs(product[: len(power)][loud]) / np.sqrt(size * power[loud])
        best = max(best, float(alike.max(initial=0.0)))
    return best
