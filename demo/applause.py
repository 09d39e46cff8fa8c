"""Applause, made of many single claps.

A clap is a short burst of noise that the hollow of the hands colours: one resonance between 600 and 2,400 Hz
that dies away within some milliseconds. Everybody claps at a rate of one's own, two to five times a second,
never quite evenly (Peltola, Erkut, Cook and Välimäki, "Synthesis of Hand Clapping Sounds", IEEE TASLP 15(3), 2007).
"""

import numpy as np
from scipy.signal import oaconvolve

TIMBRES = 24  # kinds of hands; people share them, at loudnesses of their own
CLAP_SECONDS = 0.05
UNEVENNESS = 0.06  # standard deviation of the time between claps, as a part of it


def applause(seconds: float, rate: int, people: int, rng: np.random.Generator) -> np.ndarray:
    """Let people applaud: they fall in one by one, and one by one they stop.

    Args:
        seconds: How long until the last one stops.
        rate: Hz.
        people: How many.
        rng: Chooses hands, places and rhythms.

    Returns:
        float32 samples of `seconds` and the last clap's end, with a peak of 1.
    """
    strokes = np.zeros((TIMBRES, int(seconds * rate)))
    for person in range(people):
        loudness = 10 ** (rng.normal(0.0, 6.0) / 20)  # near and far from the microphone
        at = _strokes(seconds, rng)
        strengths = loudness * rng.uniform(0.6, 1.0, len(at))
        np.add.at(strokes[person % TIMBRES], (at * rate).astype(int), strengths)
    claps = np.stack([_clap(rate, rng) for _ in range(TIMBRES)])
    sound = oaconvolve(strokes, claps, axes=1).sum(axis=0)
    loudest: float = np.abs(sound).max()
    return np.asarray(sound / loudest, dtype=np.float32)


def _strokes(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Give the times of one person's claps."""
    begin = rng.gamma(2.0, 0.04 * seconds)
    end = seconds - rng.gamma(2.0, 0.08 * seconds)
    period = 1 / rng.uniform(2.2, 4.8)
    count = max(1, int((end - begin) / period))
    times = begin + np.cumsum(period * rng.normal(1.0, UNEVENNESS, count))
    return times[(times >= 0) & (times < seconds)]


def _clap(rate: int, rng: np.random.Generator) -> np.ndarray:
    """Make one clap: a noise burst, its click at once, its resonance dying away."""
    time = np.arange(int(CLAP_SECONDS * rate)) / rate
    frequency = rng.uniform(600.0, 2400.0)
    resonance = np.sin(2 * np.pi * frequency * time) * np.exp(-time / rng.uniform(0.003, 0.008))
    click = rng.normal(0.0, 1.0, len(time)) * np.exp(-time / rng.uniform(0.0015, 0.004))
    return 0.5 * resonance + click
