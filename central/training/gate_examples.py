"""Labelled segments for the gate: music, speech, both, neither, in rooms and through microphones of every kind.

Rules:

- Music that is up to `FAINTEST` under the speech is music still; speech that is up to `FAINTEST` under the music is speech.
- One voice or twenty-five, on the stage or in the seats: it is speech.
- Applause, effects, machines, ventilation are neither, also where they are loud.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from central.training import disturbance
from central.training.degradation import LENGTH, PAST, Degradation
from central.training.disturbance import Bed
from central.training.fate import Chances
from central.training.pool import packed
from central.training.singing import singing
from device.features import PARAMETERS, log_mel

What = Literal["music", "speech", "both", "neither"]
SHARES: dict[What, float] = {"music": 0.28, "speech": 0.26, "both": 0.28, "neither": 0.18}
FAINTEST = 12.0  # dB by which one may lie under the other and still count
OTHERS = 2  # beds of every kind: a bed that comes again and again is learnt by heart
SUNG_SECONDS = 60.0
SUNG = 0.08  # share of the music that is singing without instruments
BESIDE = 0.5  # share of music and of speech that sound beside something else
LOUDEST_BESIDE = -3.0  # dB, music or speech to what sounds beside it, at least
SOFTEST_BESIDE = 25.0
_PAUSE = 0.25  # part of a bed's level below which a piece of it is a pause
_TRIES = 12

Sound = NDArray[np.float32]

# Packages whose short sounds are music in part, and therefore no example of neither.
MUSICAL_EFFECTS = ("sonic-pi-samples", "brainparty-data")


@dataclass(frozen=True)
class Sources:
    """What examples are made from, all of one side of the corpus."""

    music: Sequence[Path]  # decoded tracks
    singing: Sequence[Bed]  # voices without instruments
    speech: Sequence[Bed]  # dialogue and babble
    other: Sequence[Bed]  # applause, effects, noise


def sources(
    music: Sequence[Path],
    speech: Sequence[Path],
    effects: Sequence[Path],
    rng: np.random.Generator,
    seconds: float = 300.0,
) -> Sources:
    """Prepare what examples are made from.

    Args:
        music: Decoded tracks, `.npy` of int16 at 8 kHz.
        speech: Decoded speech.
        effects: Decoded short sounds.
        rng: Where the luck comes from.
        seconds: Length of each bed.
    """
    made = [bed for _ in range(OTHERS) for bed in disturbance.beds(speech, effects, rng, seconds)]
    sung = int(SUNG_SECONDS * PARAMETERS.sample_rate)
    return Sources(
        music=music,
        singing=[Bed("effects", singing(sung, voices, rng)) for voices in (1, 1, 2, 5)],
        speech=[bed for bed in made if bed.kind in ("dialogue", "babble")],
        other=[bed for bed in made if bed.kind not in ("dialogue", "babble")],
    )


def make(
    sources: Sources, degradation: Degradation, count: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Make examples.

    Args:
        sources: What to make them from.
        degradation: Its rooms and microphones are used.
        count: How many.
        rng: Where the luck comes from.

    Returns:
        `views`, uint8 (count, bands, frames), and `labels`, uint8 (count, 2): music, speech.
    """
    segments = np.empty((count, PARAMETERS.window), dtype=np.float32)
    labels = np.empty((count, 2), dtype=np.uint8)
    for number in range(count):
        what: What = rng.choice(list(SHARES), p=list(SHARES.values()))
        segments[number] = _segment(what, sources, degradation, rng)
        labels[number] = what in ("music", "both"), what in ("speech", "both")
    return {"views": packed(log_mel(segments)), "labels": labels}


def _segment(what: What, sources: Sources, degradation: Degradation, rng: np.random.Generator) -> Sound:
    """Let one thing sound, or two, on the stage or beside the microphone."""
    stage, seats = np.zeros(LENGTH, dtype=np.float32), np.zeros(LENGTH, dtype=np.float32)
    if what in ("music", "both"):
        sung = bool(sources.singing) and rng.random() < SUNG
        stage = stage + (_of(_one(sources.singing, rng), rng) if sung else _music(sources.music, rng))
    if what in ("speech", "both"):
        bed = _one(sources.speech, rng)
        ratio = rng.uniform(-FAINTEST, FAINTEST) if what == "both" else 0.0
        spoken = _of(bed, rng) * np.float32(10 ** (-ratio / 20))
        if bed.kind == "dialogue" or rng.random() < 0.3:
            stage = stage + spoken
        else:
            seats = seats + spoken
    if what == "neither" or rng.random() < BESIDE:
        ratio = rng.uniform(LOUDEST_BESIDE, SOFTEST_BESIDE) if what != "neither" else 0.0
        beside = _of(_one(sources.other, rng), rng) * np.float32(10 ** (-ratio / 20))
        if rng.random() < 0.5:
            stage = stage + beside
        else:
            seats = seats + beside
    return degradation.heard(stage, seats, Chances())


def _one(beds: Sequence[Bed], rng: np.random.Generator) -> Bed:
    return beds[int(rng.integers(len(beds)))]


def _music(tracks: Sequence[Path], rng: np.random.Generator) -> Sound:
    """Cut a place of a track that is no pause."""
    for _ in range(_TRIES):
        track = np.load(tracks[int(rng.integers(len(tracks)))], mmap_mode="r")
        at = int(rng.integers(max(1, len(track) - LENGTH)))
        piece = track[at : at + LENGTH].astype(np.float32) / np.float32(32768)
        if len(piece) == LENGTH and _level(piece) > 0.003:
            return np.asarray(piece / np.float32(_level(piece)))
    raise ValueError("These tracks are silent, or shorter than some seconds.")


def _of(bed: Bed, rng: np.random.Generator) -> Sound:
    """Cut a piece of a bed that sounds in the segment itself, not only before it."""
    for _ in range(_TRIES):
        piece = bed.cut(LENGTH, rng)
        if _level(piece) > _PAUSE:
            break
    return piece / np.float32(_level(piece))


def _level(samples: Sound) -> float:
    """RMS of the part that will be the segment."""
    part = samples[PAST : PAST + PARAMETERS.window]
    return float(np.sqrt(np.mean(np.square(part)))) + 1e-6
