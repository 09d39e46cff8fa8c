"""What happens to music between the loudspeaker and the model, drawn at random.

The order is that of a hall: tempo of the player, dialogue of the film from the same loudspeakers, the room with what it
still has to say of the seconds before, the audience beside the microphone, the microphone's colour and noise,
clipping. Everything linear is one product in the frequency domain. `hall.py` does the same to many passages at once, on an
accelerator where there is one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from central.evaluation import rooms
from central.training import fate
from central.training.disturbance import Bed
from central.training.fate import Chances, Fate
from central.training.passage import LONGEST_RESPONSE, PASSAGE
from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate
PAST, LENGTH = PASSAGE.past, PASSAGE.length
_TRANSFORM = PASSAGE.transform


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
        self._rooms = [_spectrum(response) for response in responses(rng, stock)]
        self._hertz = np.linspace(1.0, RATE / 2, _TRANSFORM // 2 + 1, dtype=np.float32)

    def degrade(self, passage: NDArray[np.float32], chances: Chances) -> NDArray[np.float32]:
        """Degrade one passage as luck has it.

        Args:
            passage: `LENGTH` samples, of which the segment begins at `PAST`.
            chances: How hard it may be.

        Returns:
            The segment as a box would hear it, 16000 samples.
        """
        drawn = fate.drawn(self._rng, chances, len(self._rooms))
        music = _faster(_unit(passage), drawn.faster)
        if drawn.ratio == fate.NOTHING:
            return self._heard(music, None, drawn)
        bed = self._beds[int(self._rng.integers(len(self._beds)))]
        sound = bed.cut(LENGTH, self._rng) * np.float32(_level(music) * 10 ** (-drawn.ratio / 20))
        if bed.kind == "dialogue" or drawn.on_stage:
            return self._heard(music + sound, None, drawn)
        return self._heard(music, sound, drawn)

    def heard(
        self, stage: NDArray[np.float32], seats: NDArray[np.float32] | None, chances: Chances
    ) -> NDArray[np.float32]:
        """Let sound pass the room and the microphone, as luck has it.

        Args:
            stage: `LENGTH` samples that sound through the room.
            seats: `LENGTH` samples beside the microphone, if anything sounds there.
            chances: How hard it may be.

        Returns:
            The segment, which begins at `PAST`, as a box would hear it, 16000 samples.
        """
        return self._heard(stage, seats, fate.drawn(self._rng, chances, len(self._rooms)))

    def _heard(
        self, stage: NDArray[np.float32], seats: NDArray[np.float32] | None, drawn: Fate
    ) -> NDArray[np.float32]:
        hiss = self._rng.standard_normal(PARAMETERS.window, dtype=np.float32)
        response = self._rooms[drawn.room] if drawn.room >= 0 else None
        return through_hall(stage, seats, response, hiss, drawn, fate.gains(drawn, self._hertz))


def responses(rng: np.random.Generator, count: int) -> list[NDArray[np.float32]]:
    """Simulate rooms of every size.

    Args:
        rng: Where the luck comes from.
        count: How many.

    Returns:
        Impulse responses at 8 kHz, at most `LONGEST_RESPONSE` samples each.
    """
    return [rooms.impulse_response(rooms.drawn(rng), rng)[:LONGEST_RESPONSE] for _ in range(count)]


def degraded(
    passage: NDArray[np.float32],
    beside: NDArray[np.float32],
    response: NDArray[np.float32] | None,
    hiss: NDArray[np.float32],
    given: Fate,
) -> NDArray[np.float32]:
    """Let a given fate befall a passage: nothing here is left to luck.

    Args:
        passage: `LENGTH` samples, of which the segment begins at `PAST`.
        beside: `LENGTH` samples of RMS 1 that sound beside the music, if the fate has a ratio.
        response: The room's response, if the fate has one.
        hiss: 16000 samples of RMS 1, the microphone's own noise, if the fate has any.
        given: The fate.

    Returns:
        The segment as a box would hear it, 16000 samples.
    """
    music = _faster(_unit(passage), given.faster)
    sound = beside * np.float32(_level(music) * 10 ** (-given.ratio / 20))
    stage, seats = (music + sound, None) if given.on_stage else (music, sound)
    hertz = np.linspace(1.0, RATE / 2, _TRANSFORM // 2 + 1, dtype=np.float32)
    spectrum = None if response is None else _spectrum(response)
    return through_hall(stage, seats, spectrum, hiss, given, fate.gains(given, hertz))


def through_hall(
    stage: NDArray[np.float32],
    seats: NDArray[np.float32] | None,
    room: NDArray[np.complex64] | None,
    hiss: NDArray[np.float32],
    given: Fate,
    gains: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Let sound pass the room and the microphone.

    Args:
        stage: `LENGTH` samples that sound through the room.
        seats: `LENGTH` samples beside the microphone, if anything sounds there.
        room: Spectrum of the room's response, if there is one.
        hiss: 16000 samples of RMS 1.
        given: How loud the hiss is and where the microphone clips.
        gains: The colour, one factor a bin.

    Returns:
        The segment, which begins at `PAST`, 16000 samples.
    """
    spectrum = np.fft.rfft(stage, n=_TRANSFORM)
    if room is not None:
        spectrum = spectrum * room
    if seats is not None:
        spectrum = spectrum + np.fft.rfft(seats, n=_TRANSFORM)
    whole = np.fft.irfft(spectrum * gains, n=_TRANSFORM)
    heard: NDArray[np.float32] = whole[PAST : PAST + PARAMETERS.window].astype(np.float32)
    heard = heard + np.float32(_level(heard) * 10 ** (-given.hiss / 20)) * hiss
    return _clipped(heard, given) if given.clipped < 1.0 else heard


def _spectrum(response: NDArray[np.float32]) -> NDArray[np.complex64]:
    return np.fft.rfft(response, n=_TRANSFORM).astype(np.complex64)


def _faster(samples: NDArray[np.float32], by: float) -> NDArray[np.float32]:
    """Play faster or slower, pitch included, so that the segment's middle stays where it is."""
    if by == 0.0:
        return samples
    middle = PAST + PARAMETERS.window / 2
    places = middle + (np.arange(LENGTH) - middle) * (1.0 + by)
    # Linear interpolation dulls the highest tones by some decibels, which is one more thing to learn to ignore.
    return np.asarray(np.interp(places, np.arange(LENGTH), samples), dtype=np.float32)


def _clipped(samples: NDArray[np.float32], given: Fate) -> NDArray[np.float32]:
    """Overload softly or hard, as a cheap microphone close to a loudspeaker does."""
    limit = float(np.quantile(np.abs(samples[::4]), given.clipped)) + 1e-9
    if not given.softly:
        return np.clip(samples, -limit, limit)
    return np.asarray(np.tanh(samples / np.float32(limit)), dtype=np.float32)


def _level(samples: NDArray[np.float32]) -> float:
    """RMS of the part that will be the segment."""
    part = samples[-(PASSAGE.window + PASSAGE.spare) :]
    return float(np.sqrt(np.mean(np.square(part)))) + 1e-6


def _unit(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return samples / np.float32(_level(samples))
