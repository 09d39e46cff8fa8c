"""Voices that sing, made by sums of sines: packages hold hardly any singing without instruments, and the gate must know it.

A voice is a row of harmonics under the resonances of vowels (Peterson and Barney 1952, rounded); it holds notes of a
scale, glides from one to the next, trembles as trained voices do, and closes for a moment between syllables.
"""

import numpy as np
from numpy.typing import NDArray

from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate
# Resonances in Hz of a, e, i, o, u, of an adult between a man and a woman.
VOWELS = np.array(
    [(790, 1180, 2630), (570, 1970, 2650), (300, 2500, 3150), (520, 890, 2560), (340, 900, 2460)]
)
_WIDTHS = (90.0, 120.0, 180.0)  # Hz
_WEIGHTS = (1.0, 0.5, 0.25)
_SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])  # semitones above the root
_POINTS = 100  # a second, at which pitch and vowel are laid down


def singing(length: int, voices: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Sing.

    Args:
        length: Samples wanted at 8 kHz.
        voices: How many sing the same melody, each a little differently.
        rng: Decides melody, vowels and voices.

    Returns:
        Samples of RMS 1.
    """
    semitones, vowels, strength = _melody(int(length / RATE * _POINTS) + 2, rng)
    sound = np.zeros(length)
    for _ in range(voices):
        lag = int(rng.integers(0, 6)) if voices > 1 else 0
        pitch = np.roll(semitones, lag) + rng.normal(0.0, 0.12)
        sound += rng.uniform(0.5, 1.0) * _voice(pitch, np.roll(vowels, lag, axis=0), strength, length, rng)
    return np.asarray(sound / np.sqrt(np.mean(np.square(sound))), dtype=np.float32)


def _melody(points: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay down pitch in semitones above 55 Hz, resonances, and strength, `_POINTS` a second."""
    root, step = float(rng.uniform(12, 32)), int(rng.integers(len(_SCALE)))
    semitones, vowels, strength = np.empty(points), np.empty((points, 3)), np.ones(points)
    at = 0
    while at < points:
        lasts = int(np.exp(rng.uniform(np.log(0.18), np.log(1.8))) * _POINTS)
        step = int(np.clip(step + rng.integers(-3, 4), 0, len(_SCALE) - 1))
        semitones[at : at + lasts] = root + _SCALE[step]
        vowels[at : at + lasts] = VOWELS[rng.integers(len(VOWELS))]
        strength[at : at + lasts] = rng.uniform(0.5, 1.0)
        strength[at : at + int(rng.integers(2, 8))] *= rng.uniform(0.0, 0.5)
        at += lasts
        if rng.random() < 0.12:  # a breath
            breath = int(rng.uniform(0.2, 0.5) * _POINTS)
            semitones[at : at + breath], vowels[at : at + breath] = root + _SCALE[step], VOWELS[0]
            strength[at : at + breath] = 0.02
            at += breath
    smooth = np.hanning(9) / np.hanning(9).sum()
    return np.convolve(np.pad(semitones, 4, mode="edge"), smooth, mode="valid"), vowels, strength


def _voice(
    semitones: np.ndarray, vowels: np.ndarray, strength: np.ndarray, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Sum one voice's harmonics."""
    times = np.arange(length) / RATE
    points = np.arange(len(semitones)) / _POINTS
    trembling = rng.uniform(0.1, 0.7) * np.sin(
        2 * np.pi * rng.uniform(4.8, 6.5) * times + rng.uniform(0, 6.3)
    )
    pitch = 55.0 * 2.0 ** ((np.interp(times, points, semitones) + trembling) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    size = rng.uniform(0.9, 1.15)  # of the head
    resonances = [np.interp(times, points, vowels[:, number]) * size for number in range(3)]
    sound = np.zeros(length)
    for harmonic in range(1, int(RATE / 2 / pitch.min()) + 1):
        hertz = harmonic * pitch
        gain = sum(
            weight / (1.0 + np.square((hertz - centre) / width))
            for centre, width, weight in zip(resonances, _WIDTHS, _WEIGHTS, strict=True)
        )
        sound += np.where(hertz < RATE / 2, gain / np.sqrt(harmonic), 0.0) * np.sin(harmonic * phase)
    breath = 0.02 * rng.standard_normal(length) * np.abs(sound).max()
    return np.asarray((sound + breath) * np.interp(times, points, strength))
