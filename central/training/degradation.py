"""What happens to music between the loudspeaker and the model, drawn at random.

The order is that of a hall: tempo of the player, dialogue of the film from the same loudspeakers, the room with what it
still has to say of the seconds before, the audience beside the microphone, the microphone's colour and noise,
clipping. Everything linear is one product in the frequency domain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from central.evaluation import rooms
from central.training.disturbance import Bed
from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate
PAST = 2 * RATE  # samples of music before the segment, for the room
SPARE = RATE // 8  # samples after it, for faster playing
LENGTH = PAST + PARAMETERS.window + SPARE
_TRANSFORM = 60000  # samples of the transforms: passage and response, a product of small primes


@dataclass(frozen=True)
class Chances:
    """How often and how strongly a passage is degraded."""

    speed: float = 0.5  # probability of another speed
    largest_speed: float = 0.045  # share by which it differs at most
    disturbance: float = 0.9  # probability of something that sounds beside the music
    lowest_ratio: float = -8.0  # dB, music to disturbance
    highest_ratio: float = 12.0  # dB
    room: float = 0.85  # probability of a room
    clipping: float = 0.2  # probability of clipping or limiting
    self_noise: float = 0.6  # probability of the microphone's own noise


class Degradation:
    """Degrades passages with a fixed stock of rooms and disturbances."""

    def __init__(self, beds: Sequence[Bed], rng: np.random.Generator, stock: int = 400) -> None:
        """Prepare the stock.

        Args:
            beds: Disturbances to choose from.
            rng: Where the luck comes from.
            stock: Number of rooms.
        """
        self._beds = beds
        self._rng = rng
        longest = _TRANSFORM - LENGTH
        responses = [rooms.impulse_response(rooms.drawn(rng), rng)[:longest] for _ in range(stock)]
        self._rooms = [np.fft.rfft(response, n=_TRANSFORM).astype(np.complex64) for response in responses]

    def degrade(self, passage: NDArray[np.float32], chances: Chances) -> NDArray[np.float32]:
        """Degrade one passage.

        Args:
            passage: `LENGTH` samples, of which the segment begins at `PAST`.
            chances: How hard it may be.

        Returns:
            The segment as a box would hear it, 16000 samples.
        """
        rng = self._rng
        music = _unit(passage)
        if rng.random() < chances.speed:
            music = _faster(music, rng.uniform(-chances.largest_speed, chances.largest_speed))
        from_stage, beside = None, None
        if rng.random() < chances.disturbance:
            bed = self._beds[int(rng.integers(len(self._beds)))]
            ratio = rng.uniform(chances.lowest_ratio, chances.highest_ratio)
            sound = bed.cut(LENGTH, rng) * np.float32(_level(music) * 10 ** (-ratio / 20))
            if bed.kind == "dialogue" or rng.random() < 0.3:
                from_stage = sound
            else:
                beside = sound
        if from_stage is not None:
            music = music + from_stage
        return self.heard(music, beside, chances)

    def heard(
        self, stage: NDArray[np.float32], seats: NDArray[np.float32] | None, chances: Chances
    ) -> NDArray[np.float32]:
        """Let sound pass the room and the microphone.

        Args:
            stage: `LENGTH` samples that sound through the room.
            seats: `LENGTH` samples beside the microphone, if anything sounds there.
            chances: How hard it may be.

        Returns:
            The segment, which begins at `PAST`, as a box would hear it, 16000 samples.
        """
        rng = self._rng
        heard = self._through_room(stage, seats, chances)
        heard = heard[PAST : PAST + PARAMETERS.window]
        if rng.random() < chances.self_noise:
            hiss = rng.standard_normal(PARAMETERS.window) * 10 ** (-rng.uniform(15, 45) / 20)
            heard = heard + _level(heard) * hiss.astype(np.float32)
        if rng.random() < chances.clipping:
            heard = _clipped(heard, rng)
        return heard.astype(np.float32)

    def _through_room(
        self, music: NDArray[np.float32], beside: NDArray[np.float32] | None, chances: Chances
    ) -> NDArray[np.float32]:
        rng = self._rng
        spectrum = np.fft.rfft(music, n=_TRANSFORM)
        if rng.random() < chances.room:
            wet = self._rooms[int(rng.integers(len(self._rooms)))]
            spectrum = spectrum * wet
        if beside is not None:
            spectrum = spectrum + np.fft.rfft(beside, n=_TRANSFORM)
        return np.fft.irfft(spectrum * _colour(len(spectrum), rng), n=_TRANSFORM)[:LENGTH].astype(np.float32)


def _colour(bins: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw loudspeaker, equaliser and microphone as one gain curve: a bent line with both ends cut."""
    hertz = np.linspace(1.0, RATE / 2, bins, dtype=np.float32)
    bends = np.array([60, 150, 300, 600, 1000, 1600, 2300, 3100, 4000])
    octaves, depth = np.log2(hertz), rng.uniform(0.0, 9.0)
    decibels = np.interp(octaves, np.log2(bends), rng.normal(0.0, depth, len(bends)).clip(-18, 18))
    if rng.random() < 0.5:
        decibels -= rng.uniform(6, 36) * np.maximum(0.0, octaves - np.log2(rng.uniform(1000, 3800)))
    if rng.random() < 0.5:
        decibels -= rng.uniform(6, 24) * np.maximum(0.0, np.log2(rng.uniform(100, 700)) - octaves)
    return np.asarray(10 ** (decibels / 20), dtype=np.float32)


def _faster(samples: NDArray[np.float32], by: float) -> NDArray[np.float32]:
    """Play faster or slower, pitch included, so that the segment's middle stays where it is."""
    middle = PAST + PARAMETERS.window / 2
    places = middle + (np.arange(LENGTH) - middle) * (1.0 + by)
    # Linear interpolation dulls the highest tones by some decibels, which is one more thing to learn to ignore.
    return np.asarray(np.interp(places, np.arange(LENGTH), samples), dtype=np.float32)


def _clipped(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Overload softly or hard, as a cheap microphone close to a loudspeaker does."""
    limit = float(np.quantile(np.abs(samples[::4]), rng.uniform(0.8, 0.99))) + 1e-9
    if rng.random() < 0.5:
        return np.clip(samples, -limit, limit)
    return np.asarray(np.tanh(samples / np.float32(limit)), dtype=np.float32)


def _level(samples: NDArray[np.float32]) -> float:
    """RMS of the part that will be the segment."""
    part = samples[-(PARAMETERS.window + SPARE) :]
    return float(np.sqrt(np.mean(np.square(part)))) + 1e-6


def _unit(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return samples / np.float32(_level(samples))
