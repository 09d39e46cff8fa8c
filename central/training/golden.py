"""Golden embeddings: what the shipped model must say of a fixed sound, on the builder's machine and on the box.

The clip is made by formulas, so nobody's rights are in it, and is stored as samples, so that a library's other sines or
random numbers cannot change it. The test of the box compares with it; this module only writes it anew when parameters
or model change on purpose.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.embedding import EmbeddingModel, quantise
from device.features import PARAMETERS, log_mel

SECONDS = 6
HOP = PARAMETERS.sample_rate // 2  # samples


def write(model: EmbeddingModel, target: Path) -> None:
    """Write clip, spectrograms and embeddings.

    Args:
        model: The model that ships.
        target: The `.npz` to write.
    """
    samples = clip()
    spectrograms = log_mel(windows(samples))
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        target,
        samples=samples,
        hop=HOP,
        spectrograms=spectrograms[::4].astype(np.float16),  # every fourth; all would be a large file
        embeddings=quantise(model.embed(spectrograms)),
        parameters_digest=PARAMETERS.digest,
        model_digest=model.digest,
    )


def windows(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Cut the golden clip as builder and box do.

    Args:
        samples: The clip.

    Returns:
        Segments, shape (n, 16000).
    """
    sound = samples.astype(np.float32) / np.float32(32768)
    return np.lib.stride_tricks.sliding_window_view(sound, PARAMETERS.window)[::HOP]


def clip() -> NDArray[np.int16]:
    """Make a little music: a walking bass, chords with harmonics and vibrato, a beat of noise, a fading end."""
    rng = np.random.default_rng(7)
    rate = PARAMETERS.sample_rate
    times = np.arange(SECONDS * rate) / rate
    sound = np.zeros(len(times))
    for number, at in enumerate(np.arange(0.0, SECONDS, 0.25)):
        since = np.clip(times - at, 0.0, None)
        beat = np.exp(-30.0 * since) * (times >= at)
        sound += 0.25 * rng.standard_normal(len(times)) * beat * (1.0 if number % 2 else 0.4)
        bass = 55.0 * 2.0 ** ((0, 3, 5, 7, 10, 7, 5, 3)[number % 8] / 12)
        notes = [(bass, 0.6), (4 * bass, 0.3)]
        if number % 4 == 0:
            notes += [(8 * bass * 2.0 ** (step / 12), 0.25) for step in (0, 3, 7)]
        for hertz, loudness in notes:
            envelope = loudness * np.exp(-3.0 * since) * (1 - np.exp(-200.0 * since))
            wobble = 0.003 * hertz / 5.5 * np.sin(2 * np.pi * 5.5 * since)
            for harmonic in range(1, 6):
                if harmonic * hertz < rate / 2:
                    sound += envelope / harmonic * np.sin(2 * np.pi * harmonic * (hertz * since + wobble))
    sound *= np.minimum(1.0, (SECONDS - times) / 1.5)
    return np.asarray(np.rint(sound / np.abs(sound).max() * 20000), dtype=np.int16)
