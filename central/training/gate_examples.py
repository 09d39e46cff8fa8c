"""Labelled segments for the gate: music, speech, both, neither, in rooms and through microphones of every kind.

Rules:

- Music that is up to `FAINTEST` under the speech is music still; speech that is up to `FAINTEST` under the music is speech.
- One voice or forty, a person's or a program's, on the stage or in the seats: it is speech.
- Applause, effects, machines, ventilation are neither, also where they are loud.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from central.training.degradation import Degradation
from central.training.fate import Chances
from central.training.gate_sounds import Draw, Sound, Sources
from central.training.passage import PASSAGE
from central.training.pool import packed
from device.features import PARAMETERS, log_mel

What = Literal["music", "speech", "both", "neither"]
Part = Literal["music", "speech", "other"]
SHARES: dict[What, float] = {"music": 0.26, "speech": 0.26, "both": 0.28, "neither": 0.20}
FAINTEST = 12.0  # dB by which one may lie under the other and still count
BESIDE = 0.5  # share of music and of speech that sound beside something else
LOUDEST_BESIDE = -3.0  # dB, music or speech to what sounds beside it, at least
SOFTEST_BESIDE = 25.0
# Share that passes the room with the stage; the rest sounds beside the microphone.
ON_STAGE = {"music": 1.0, "speech": 0.85, "other": 0.5}


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
        `views`, uint8 (count, bands, frames), `labels`, uint8 (count, 2): music, speech, and `kinds`, text (count,): the
        kind of source of what they are labelled for, the music's where there is both.
    """
    segments = np.empty((count, PARAMETERS.window), dtype=np.float32)
    labels = np.empty((count, 2), dtype=np.uint8)
    kinds = []
    for number in range(count):
        what: What = rng.choice(list(SHARES), p=list(SHARES.values()))
        segments[number], kind = _segment(what, sources, degradation, rng)
        labels[number] = what in ("music", "both"), what in ("speech", "both")
        kinds.append(kind)
    return {"views": packed(log_mel(segments)), "labels": labels, "kinds": np.array(kinds)}


def _segment(
    what: What, sources: Sources, degradation: Degradation, rng: np.random.Generator
) -> tuple[Sound, str]:
    """Let one thing sound, or two, on the stage or beside the microphone; and say what kind the first of them is."""
    sounding: list[tuple[Part, float]] = []  # and how loud, in dB
    if what in ("music", "both"):
        sounding.append(("music", 0.0))
    if what in ("speech", "both"):
        sounding.append(("speech", rng.uniform(-FAINTEST, FAINTEST) if what == "both" else 0.0))
    if what == "neither" or rng.random() < BESIDE:
        beside = -rng.uniform(LOUDEST_BESIDE, SOFTEST_BESIDE) if what != "neither" else 0.0
        sounding.append(("other", beside))
    stage, seats = (np.zeros(PASSAGE.length, dtype=np.float32) for _ in range(2))
    kinds = []
    for part, loudness in sounding:
        kind, sound = _drawn(getattr(sources, part), rng)
        kinds.append(kind)
        place = stage if rng.random() < ON_STAGE[part] else seats
        place += sound * np.float32(10 ** (loudness / 20))
    return degradation.heard(stage, seats, Chances()), kinds[0]


def _drawn(kinds: Mapping[str, tuple[float, Draw]], rng: np.random.Generator) -> tuple[str, Sound]:
    """Draw a kind by its share, and a sound of that kind."""
    shares = np.array([share for share, _ in kinds.values()])
    kind = list(kinds)[int(rng.choice(len(shares), p=shares / shares.sum()))]
    _, draw = kinds[kind]
    return kind, draw(rng)
