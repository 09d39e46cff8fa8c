"""What a microphone gives in a hall where nobody plays, and what comes through a cover: by standards, in dB.

A hall's noise follows the noise criteria NC of ANSI S12.2, a microphone's own is white, 94 dB of sound are -26 dBFS.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin2, oaconvolve

RATE = 48_000  # Hz
FULL_SCALE = 120.0  # dB of sound that are 0 dBFS

MIDDLES = (16, 31.5, 63, 125, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)  # Hz
# dB in those octaves (ANSI/ASA S12.2, table of the NC curves; below 63 Hz and above 8 kHz carried on).
NC = {
    15: (60, 55, 47, 36, 29, 22, 17, 14, 12, 11, 10),
    25: (67, 62, 54, 44, 37, 31, 27, 24, 22, 21, 20),
    40: (77, 72, 64, 56, 50, 45, 41, 39, 38, 37, 36),
}
# dB that a cover takes at these frequencies: a thick cloth in folds, a hand, a cardboard box, sticky tape on the opening.
COVERS = {
    "cloth": ((0, 0), (250, 2), (1_000, 8), (2_000, 15), (4_000, 25), (8_000, 32), (24_000, 40)),
    "box": ((0, 0), (250, 4), (500, 8), (1_000, 14), (2_000, 22), (4_000, 30), (8_000, 36), (24_000, 40)),
    "tape": ((0, 3), (250, 6), (1_000, 14), (2_000, 24), (4_000, 34), (8_000, 40), (24_000, 45)),
}

Sound = NDArray[np.float64]


def hall(nc: int, seconds: float, rng: np.random.Generator, rate: int = RATE) -> Sound:
    """Make the noise of a hall, as pressure in units of full scale."""
    length = round(seconds * rate)
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    # Levels of octaves become densities: an octave is 0.707 of its middle wide.
    density = np.interp(
        np.log2(np.maximum(frequencies, 1.0)),
        np.log2(MIDDLES),
        np.array(NC[nc]) - 10 * np.log10(0.707 * np.array(MIDDLES)),
    )
    spectrum = rng.standard_normal(len(frequencies)) + 1j * rng.standard_normal(len(frequencies))
    # One-sided: mean power of the time signal is sum |X|^2 * 2 / n^2.
    spectrum *= np.sqrt(10 ** ((density - FULL_SCALE) / 10) * rate * length / 4)
    spectrum[frequencies < 10] = 0.0
    return np.fft.irfft(spectrum, length)


def own_noise(level: float, seconds: float, rng: np.random.Generator, rate: int = RATE) -> Sound:
    """Make the white noise of a microphone or an amplifier.

    Args:
        level: dB of sound between 20 Hz and 20 kHz that would be as loud; some 2 dB more than its dB(A).
        seconds: How long.
        rng: Where the luck comes from.
        rate: Hz.
    """
    amplitude = np.sqrt(10 ** ((level - FULL_SCALE) / 10) * (rate / 2) / 20_000)
    return amplitude * rng.standard_normal(round(seconds * rate))


def at_level(sound: Sound, level: float) -> Sound:
    """Make a sound so many dB loud."""
    return sound * 10 ** ((level - FULL_SCALE) / 20) / np.sqrt(np.mean(sound**2))


def covered(sound: Sound, cover: str, rate: int = RATE) -> Sound:
    """Let a sound go through a cover."""
    points = [(min(frequency, rate / 2), 10 ** (-taken / 20)) for frequency, taken in COVERS[cover]]
    frequencies, gains = zip(*points, strict=True)
    return oaconvolve(sound, firwin2(2_047, frequencies, gains, fs=rate), mode="same")


def captured(*sounds: Sound, bits: int = 16) -> NDArray[np.float32]:
    """Give what a card of so many bits makes of sounds that come together; the shortest ends it."""
    length = min(len(sound) for sound in sounds)
    step = 2.0 ** (1 - bits)
    mixed = np.sum([sound[:length] for sound in sounds], axis=0)
    return (np.clip(np.round(mixed / step), -1 / step, 1 / step - 1) * step).astype(np.float32)
