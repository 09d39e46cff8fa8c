"""Small music: melodies of notes with overtones over a little noise, no two alike."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 22050


def melody(seed: int, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """Play random notes, four a second."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    notes = 220.0 * 2 ** (random.integers(0, 25, size=int(seconds * 4) + 1) / 12)
    pitch = notes[np.minimum((time * 4).astype(int), len(notes) - 1)]
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    sound = sum(np.sin(overtone * phase) / overtone for overtone in (1, 2, 3, 4))
    decay = np.exp(-4 * (time * 4 % 1))
    return (0.2 * sound * decay + 0.01 * random.standard_normal(len(time))).astype(np.float32)


def write(path: Path, seed: int, seconds: float = 6.0, rate: int = RATE) -> Path:
    """Write a melody in the format that the file's ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, melody(seed, seconds, rate), rate)
    return path
