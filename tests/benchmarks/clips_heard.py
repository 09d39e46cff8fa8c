"""Clips as a hall's microphone gives them, embedded: the questions that catalogues of any size are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from central.evaluation import rooms
from central.evaluation.clips import load, make
from central.evaluation.conditions import RATE, Condition, Noise
from demo.speech import TEXTS, say
from device.embedding import EmbeddingModel, Embeddings
from device.features import PARAMETERS, log_mel
from device.sound.segments import Segments

SECONDS = 10.0
HOP = 0.5
CONDITIONS = (
    Condition("dry"),
    Condition("hall", rooms.HALL),
    Condition("theatre, audience 5 dB", rooms.THEATRE, Noise.AUDIENCE, 5.0),
    Condition("cinema, dialogue 0 dB", rooms.CINEMA, Noise.DIALOGUE, 0.0),
    Condition("hall, audience 5 dB, cheap microphone", rooms.HALL, Noise.AUDIENCE, 5.0, True),
)


@dataclass(frozen=True, eq=False)
class Heard:
    """A clip."""

    recording: str  # id of what sounds
    start: float  # seconds in it at which the clip begins
    positions: NDArray[np.float64]  # (n,)
    embeddings: Embeddings  # (n, dimension)


def hear(files: Sequence[Path], count: int, model: EmbeddingModel, seed: int = 1) -> list[Heard]:
    """Make clips of music under the conditions in turn, and embed them."""
    rng = np.random.default_rng(seed)
    speech = [say(language, 25.0, RATE) for language in sorted(TEXTS)]
    tracks = {file: load(file) for file in files}
    heard: list[Heard] = []
    while len(heard) < count:
        file = files[int(rng.integers(len(files)))]
        made = make(tracks[file], speech, CONDITIONS[len(heard) % len(CONDITIONS)], SECONDS, rng)
        if made is None:
            continue
        sound, start = made
        segments = list(Segments(PARAMETERS.window, round(HOP * RATE), RATE).cut(sound))
        spectra = log_mel(np.stack([segment.samples for segment in segments]))
        positions = np.array([segment.position for segment in segments])
        heard.append(Heard(file.stem, start, positions, model.embed(spectra)))
    return heard


def save(path: Path, heard: Sequence[Heard]) -> None:
    """Write clips for another process."""
    np.savez(
        path,
        recordings=np.array([one.recording for one in heard]),
        starts=np.array([one.start for one in heard]),
        positions=np.stack([one.positions for one in heard]),
        embeddings=np.stack([one.embeddings for one in heard]),
    )


def read(path: Path) -> list[Heard]:
    """Read what `save` wrote."""
    with np.load(path) as found:
        columns = (found[name] for name in ("recordings", "starts", "positions", "embeddings"))
        return [Heard(str(r), float(s), p, e) for r, s, p, e in zip(*columns, strict=True)]
