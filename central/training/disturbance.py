"""What sounds beside the music: film dialogue, an audience's babble, applause, effects, plain noise.

Long beds are prepared once from one side of the corpus and cut at random afterwards, so that mixing costs next to
nothing. Beds of the test side are made by the same code from other talkers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from central.evaluation import rooms
from device.features import PARAMETERS

Kind = Literal["dialogue", "babble", "applause", "effects", "noise"]
RATE = PARAMETERS.sample_rate
_QUIET = 1e-4  # RMS below which a file is taken for silence


@dataclass(frozen=True)
class Bed:
    """A long stretch of one kind of disturbance."""

    kind: Kind
    samples: NDArray[np.float32]  # 8 kHz

    def cut(self, length: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Cut a piece at random, preferably one that is not a pause.

        Args:
            length: Samples wanted; at most those of the bed.
            rng: Where the luck comes from.

        Returns:
            A piece of RMS 1.
        """
        for _ in range(8):
            start = int(rng.integers(0, len(self.samples) - length + 1))
            piece = self.samples[start : start + length]
            level = float(np.sqrt(np.mean(np.square(piece))))
            if level > 0.02:
                return piece / np.float32(level)
        return rng.standard_normal(length).astype(np.float32)


def beds(
    speech: Sequence[Path], effects: Sequence[Path], rng: np.random.Generator, seconds: float = 600.0
) -> list[Bed]:
    """Prepare beds.

    Args:
        speech: Decoded speech, `.npy` of int16 at 8 kHz.
        effects: Decoded short sounds; none gives no bed of effects.
        rng: Where the luck comes from.
        seconds: Length of each bed.

    Returns:
        Beds, those of the more frequent kinds more than once.
    """
    length = int(seconds * RATE)
    made = [Bed("dialogue", talk(speech, length, rng)) for _ in range(3)]
    crowds = [babble(speech, talkers, length, rng) for talkers in (3, 6, 12, 25)]
    made += [Bed("babble", _in_room(crowd, rng)) for crowd in crowds]
    made += [Bed("applause", _in_room(applause(length, rng), rng)), Bed("noise", coloured(length, rng))]
    if effects:
        made.append(Bed("effects", talk(effects, length, rng)))
    return made


def talk(files: Sequence[Path], length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Let one after the other speak, each at the same level, with short pauses.

    Args:
        files: Decoded sounds.
        length: Samples wanted.
        rng: Where the luck comes from.

    Returns:
        Samples whose sounding parts have an RMS of 1.
    """
    line = np.zeros(length, dtype=np.float32)
    at = 0
    while at < length:
        said = (
            np.load(files[int(rng.integers(len(files)))], mmap_mode="r")[: 20 * RATE].astype(np.float32)
            / 32768
        )
        level = float(np.sqrt(np.mean(np.square(said)))) if len(said) else 0.0
        if level > _QUIET:
            fits = said[: length - at] / level
            line[at : at + len(fits)] = fits
            at += len(said)
        at += int(rng.uniform(0.05, 0.6) * RATE)
    return line


def babble(files: Sequence[Path], talkers: int, length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Let many speak at once, nearer and farther ones.

    Args:
        files: Decoded speech.
        talkers: How many.
        length: Samples wanted.
        rng: Where the luck comes from.

    Returns:
        Samples of about RMS 1.
    """
    # One long line, read from many places, is as good as many lines and made faster.
    heard = crowd(talk(files, 3 * length, rng), talkers, length, rng)
    return heard / np.float32(np.sqrt(np.mean(np.square(heard))))


def crowd(
    line: NDArray[np.float32], talkers: int, length: int, rng: np.random.Generator, farthest: float = 0.4
) -> NDArray[np.float32]:
    """Add up so many talkers, each from another place of one line, nearer and farther ones.

    Args:
        line: Speech, as `talk` gives it, longer than `length`.
        talkers: How many.
        length: Samples wanted.
        rng: Where the luck comes from.
        farthest: How loud the farthest may be, the nearest being 1.

    Returns:
        Samples, as loud as they add up.
    """
    heard = np.zeros(length, dtype=np.float32)
    for _ in range(talkers):
        loudness = np.float32(rng.uniform(farthest, 1.0))
        start = rng.integers(len(line) - length)
        heard += loudness * line[start : start + length]
    return heard


def applause(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Clap with many hands: short bursts of band-limited noise at each clapper's own pace.

    Args:
        length: Samples wanted.
        rng: Where the luck comes from.

    Returns:
        Samples of RMS 1.
    """
    heard = np.zeros(length + RATE, dtype=np.float32)
    for _ in range(60):
        clap = rng.standard_normal(160) * np.exp(-np.arange(160) / rng.uniform(8, 30))
        clap = np.convolve(clap, np.sin(2 * np.pi * np.arange(24) * rng.uniform(0.08, 0.3)))[:160]
        every = RATE / rng.uniform(2.5, 5.0)
        count = int(length / every)
        for at in ((np.arange(count) + rng.normal(0, 0.08, count)).clip(0) * every).astype(int):
            heard[at : at + 160] += np.float32(rng.uniform(0.2, 1.0)) * clap
    return heard[:length] / np.float32(np.sqrt(np.mean(np.square(heard[:length]))))


def coloured(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Give noise between white and brown, another colour every ten seconds: fans, air, streets.

    Args:
        length: Samples wanted.
        rng: Where the luck comes from.

    Returns:
        Samples of about RMS 1.
    """
    parts: list[NDArray[np.float64]] = []
    while len(parts) * 10 * RATE < length:
        spectrum = np.fft.rfft(rng.standard_normal(10 * RATE))
        spectrum /= np.maximum(np.arange(len(spectrum)), 400.0) ** rng.uniform(0.0, 1.0)
        part = np.fft.irfft(spectrum)
        parts.append(part / part.std())
    return np.concatenate(parts)[:length].astype(np.float32)


def hum(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Give what mains and motors sing: harmonics that stand still, or waver a little, over the noise of air.

    Args:
        length: Samples wanted.
        rng: Where the luck comes from.

    Returns:
        Samples of RMS 1.
    """
    mains = rng.random() < 0.5
    pitch = float(
        rng.choice([50.0, 60.0, 100.0, 120.0]) if mains else np.exp(rng.uniform(np.log(40), np.log(500)))
    )
    times = np.arange(length) / RATE
    wavering = 0.0 if mains else float(rng.uniform(0.0, 0.01))
    turns = pitch * (times + wavering / 6.0 * np.sin(rng.uniform(0.3, 6.0) * times))
    harmonics = np.arange(1, int(RATE / 2 / pitch / (1.0 + wavering)) + 1)
    strengths = rng.exponential(size=len(harmonics)) / harmonics ** rng.uniform(0.3, 2.0)
    sound = np.zeros(length, dtype=np.float32)
    for harmonic, strength in zip(harmonics, strengths, strict=True):
        if strength > 0.01 * strengths.max():
            phase = 2 * np.pi * (harmonic * turns + rng.random())
            sound += np.float32(strength) * np.sin(phase).astype(np.float32)
    sound /= np.sqrt(np.mean(np.square(sound)))
    sound += np.float32(10 ** (rng.uniform(-10.0, 12.0) / 20)) * coloured(length, rng)
    return sound / np.float32(np.sqrt(np.mean(np.square(sound))))


def _in_room(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return rooms.reverberate(samples, rooms.impulse_response(rooms.drawn(rng), rng))
