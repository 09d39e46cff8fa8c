"""A house: a small repertoire, a hall, and a box with its platform, put up by Estu's own commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from central.evaluation import rooms
from central.training import corpus
from demo.processes import Processes
from demo.stage import Places, Stage
from device.sound import replay

RATE = 44_100  # Hz
KNOWN_PACKAGES, UNKNOWN_PACKAGES = ("freecol", "ardentryst"), ("zaz-data",)


@dataclass(frozen=True)
class House:
    """What a journey needs; the catalogue is built."""

    places: Places
    processes: Processes
    stage: Stage
    known: tuple[Path, ...]
    unknown: tuple[Path, ...]

    @property
    def catalogue(self) -> Path:
        """Where the box has it."""
        return self.places.box / "catalogue"


@dataclass(frozen=True)
class Heard:
    """A stretch of an evening."""

    file: Path | None  # None is silence
    seconds: float
    start: float = 30.0  # seconds in the file


@contextmanager
def house(folder: Path, microphone: str = "", stage: type[Stage] = Stage) -> Iterator[House]:
    """Put up a house, and take it down at the end."""
    places = Places(folder)
    known = tuple(corpus.fetch(KNOWN_PACKAGES))
    with Processes(places.words) as processes:
        set_up = stage(places, processes)
        set_up.give_identities(microphone)
        places.music.mkdir(parents=True)
        for file in known:
            (places.music / file.name).symlink_to(file)
        metadata = folder / "music.csv"
        rows = [f"{file.name},{file.stem},{file.stem.title()}" for file in known]
        metadata.write_text("\n".join(["file,recording,title", *rows]))
        set_up.build_catalogue(metadata)
        yield House(places, processes, set_up, known, tuple(corpus.fetch(UNKNOWN_PACKAGES)))


def perform(evening: list[Heard], path: Path, seed: int = 1) -> None:
    """Write what a microphone in a hall would hear of an evening."""
    rng = np.random.default_rng(seed)
    response = rooms.impulse_response(rooms.HALL, rng, RATE)
    dry = np.concatenate([_sound(heard) for heard in evening])
    wet = rooms.reverberate(dry, response)
    wet *= 0.3 / np.abs(wet).max()
    wet += rng.normal(0.0, 10 ** (-65 / 20), len(wet)).astype(np.float32)
    soundfile.write(path, wet, RATE, subtype="PCM_16")


def _sound(heard: Heard) -> np.ndarray:
    length = round(heard.seconds * RATE)
    if heard.file is None:
        return np.zeros(length, dtype=np.float32)
    samples, rate = replay.read(heard.file)
    piece = samples[round(heard.start * rate) :]
    return np.asarray(soxr.resample(piece, rate, RATE)[:length], dtype=np.float32)
