"""A clip that we know, and whether it is what was heard: the whole way from loudspeaker to model.

The clip is made here and not shipped: chords with overtones and a beat, always the same, nobody's work.
"""

import numpy as np

from device.embedding import EmbeddingModel, Embeddings
from device.features import PARAMETERS, log_mel
from device.sound.block import Samples
from device.sound.resample import Resampler

SECONDS = 8.0
RATE = 48_000  # Hz

# The mean cosine between the clip's embeddings and what was heard that counts as heard. Under noise 20 dB below it the clip
# gives 0.93, another tune of the same chords 0.52, other chords 0.16 and noise nothing
# (tests/device/self_test/test_clip.py).
HEARD = 0.7

_HOP = 0.25  # seconds
_CHORDS = ((220.0, 277.2, 329.6), (174.6, 220.0, 261.6), (261.6, 329.6, 392.0), (196.0, 246.9, 293.7))  # Hz
_SEED = 7


def clip(rate: int = RATE, chords: tuple[tuple[float, ...], ...] = _CHORDS, seed: int = _SEED) -> Samples:
    """Make the clip.

    Args:
        rate: Hz.
        chords: Frequencies that sound together, two seconds each.
        seed: Of the beat's noise and the tune.

    Returns:
        (n,) mono, peaks at half of full scale.
    """
    rng = np.random.default_rng(seed)
    at = np.arange(round(SECONDS * rate)) / rate
    sound = np.zeros(len(at))
    for number in range(round(SECONDS / 0.25)):
        begins = 0.25 * number
        here = (at >= begins) & (at < begins + 0.5)
        since = at[here] - begins
        chord = chords[int(begins / 2.0) % len(chords)]
        note = chord[int(rng.integers(len(chord)))] * float(2 ** rng.integers(0, 3))
        fades = np.exp(-since / 0.15)
        sound[here] += sum(np.sin(2 * np.pi * note * k * since) / k**1.5 for k in range(1, 7)) * fades
        sound[here] += 0.25 * sum(np.sin(2 * np.pi * tone * since) for tone in chord) * np.exp(-since / 0.4)
        if number % 2 == 0:
            sound[here] += 0.4 * rng.normal(size=int(here.sum())) * np.exp(-since / 0.02)
    whole: Samples = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return whole


def likeness(heard: Samples, rate: int, model: EmbeddingModel) -> float:
    """Say how much of what was heard is the clip, wherever in it the clip begins.

    Args:
        heard: (n,) mono, longer than the clip.
        rate: Hz.
        model: Makes embeddings.

    Returns:
        The mean cosine along the best alignment, -1..1; 0.0 if too little was heard.
    """
    known = _embedded(clip(), RATE, model)
    found = _embedded(heard, rate, model)
    if len(found) < len(known):
        return 0.0
    cosines = found @ known.T
    return max(float(np.mean(np.diagonal(cosines, -start))) for start in range(len(found) - len(known) + 1))


def _embedded(sound: Samples, rate: int, model: EmbeddingModel) -> Embeddings:
    samples = Resampler(rate, PARAMETERS.sample_rate).resample(sound, last=True)
    hop = round(_HOP * PARAMETERS.sample_rate)
    starts = range(0, len(samples) - PARAMETERS.window + 1, hop)
    if not starts:
        return np.empty((0, model.dimension), dtype=np.float32)
    windows = np.stack([samples[start : start + PARAMETERS.window] for start in starts])
    embeddings: Embeddings = model.embed(log_mel(windows))
    return embeddings
