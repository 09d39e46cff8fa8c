"""What the gate's examples are made from: every kind of music, of speech and of what is neither.

Rules:

- A crowd, a hum and a noise are made anew for each example; one that comes again and again is learnt by heart.
- What is cut from a long line is cut where it sounds in the segment itself, not only before it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from central.training import disturbance
from central.training.passage import PASSAGE
from central.training.singing import singing
from central.training.synthetic_voices import speaking
from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate
# Seconds that are prepared of each kind, to be cut from; short where making them takes long.
VOICES_SECONDS, EFFECTS_SECONDS, SYNTHETIC_SECONDS = 1200.0, 900.0, 240.0
SUNG_SECONDS, APPLAUSE_SECONDS = 60.0, 60.0
CROWD = (3, 40)  # talkers in babble
FARTHEST = 0.3  # of them, to the nearest's 1
_PAUSE = 0.25  # part of a line's level below which a piece of it is a pause
_SILENCE = 0.003  # RMS of full scale below which a place in a track is one
_TRIES = 12

Sound = NDArray[np.float32]
Draw = Callable[[np.random.Generator], Sound]  # gives `PASSAGE.length` samples with RMS 1 in the segment

# Packages whose short sounds are music in part, and therefore no example of neither.
MUSICAL_EFFECTS = ("sonic-pi-samples", "brainparty-data")


@dataclass(frozen=True)
class Sources:
    """What examples are made from, all of one side of the corpus: each kind, and its share of music, speech or the rest."""

    music: Mapping[str, tuple[float, Draw]]
    speech: Mapping[str, tuple[float, Draw]]
    other: Mapping[str, tuple[float, Draw]]


def sources(
    music: Sequence[Path],
    speech: Sequence[Path],
    effects: Sequence[Path],
    held: bool,
    rng: np.random.Generator,
) -> Sources:
    """Prepare what examples are made from.

    Args:
        music: Decoded tracks, `.npy` of int16 at 8 kHz.
        speech: Decoded speech.
        effects: Decoded short sounds.
        held: Whether it is for the side that is not trained on: synthetic voices are of one side only.
        rng: Where the luck comes from.
    """
    voices = disturbance.talk(speech, _samples(VOICES_SECONDS), rng)
    sung = [singing(_samples(SUNG_SECONDS), together, rng) for together in (1, 1, 2, 5)]
    claps = [disturbance.applause(_samples(APPLAUSE_SECONDS), rng) for _ in range(3)]
    return Sources(
        music={
            "music": (0.92, lambda rng: _of_a_track(music, rng)),
            "singing": (0.08, _from(sung)),
        },
        speech={
            "voice": (0.45, _from([voices])),
            "babble": (0.37, lambda rng: _crowd(voices, rng)),
            "synthetic voice": (0.18, _from([speaking(_samples(SYNTHETIC_SECONDS), held, rng)])),
        },
        other={
            "applause": (0.15, _from(claps)),
            "effects": (0.45, _from([disturbance.talk(effects, _samples(EFFECTS_SECONDS), rng)])),
            "noise": (0.2, lambda rng: disturbance.coloured(PASSAGE.length, rng)),
            "hum": (0.2, lambda rng: disturbance.hum(PASSAGE.length, rng)),
        },
    )


def level(samples: Sound) -> float:
    """RMS of the part that will be the segment."""
    part = samples[PASSAGE.past : PASSAGE.past + PARAMETERS.window]
    return float(np.sqrt(np.mean(np.square(part)))) + 1e-6


def _samples(seconds: float) -> int:
    return int(seconds * RATE)


def _from(lines: Sequence[Sound]) -> Draw:
    """Cut from one of the lines, at random."""

    def draw(rng: np.random.Generator) -> Sound:
        for _ in range(_TRIES):
            line = lines[int(rng.integers(len(lines)))]
            start = int(rng.integers(len(line) - PASSAGE.length + 1))
            piece = line[start : start + PASSAGE.length]
            if level(piece) > _PAUSE:
                break
        return piece / np.float32(level(piece))

    return draw


def _crowd(line: Sound, rng: np.random.Generator) -> Sound:
    """Let many speak at once, nearer and farther ones, each from another place of the line."""
    talkers = round(float(np.exp(rng.uniform(*np.log(CROWD)))))
    heard = disturbance.crowd(line, talkers, PASSAGE.length, rng, FARTHEST)
    return heard / np.float32(level(heard))


def _of_a_track(tracks: Sequence[Path], rng: np.random.Generator) -> Sound:
    """Cut a place of a track that is no pause."""
    for _ in range(_TRIES):
        track = np.load(tracks[int(rng.integers(len(tracks)))], mmap_mode="r")
        at = int(rng.integers(max(1, len(track) - PASSAGE.length)))
        piece = track[at : at + PASSAGE.length].astype(np.float32) / np.float32(32768)
        if len(piece) == PASSAGE.length and level(piece) > _SILENCE:
            return np.asarray(piece / np.float32(level(piece)))
    raise ValueError("These tracks are silent, or shorter than some seconds.")
