"""Simulated rooms: what lies between a loudspeaker or an orchestra and a microphone.

A response is the direct sound, the first reflections by the image method (pyroomacoustics), and a tail of decaying noise.
How loud the tail is follows from the critical distance, how fast it decays from T60, high tones sooner than low
ones. Responses begin with the direct sound, so that positions in time stay what they were.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SOUND_SPEED = 343.0  # m/s
_REFLECTIONS = 3  # order of the image method; later ones are the tail's
_FRACTIONAL_DELAY = 40  # samples by which pyroomacoustics delays every response


@dataclass(frozen=True)
class Room:
    """A shoebox room and how far the microphone is from the sound."""

    name: str
    t60: float  # s, time in which the reverberation falls by 60 dB
    size: tuple[float, float, float]  # m: length, width, height
    distance: float  # m from source to microphone

    @property
    def volume(self) -> float:
        """Volume in cubic metres."""
        return float(np.prod(self.size))

    @property
    def critical_distance(self) -> float:
        """Metres at which direct and reverberant sound are equally loud (Kuttruff, Room Acoustics, 5.1)."""
        return 0.057 * float(np.sqrt(self.volume / self.t60))


# What figures are reported for. Training draws its own rooms and never these.
CINEMA = Room("cinema", t60=0.4, size=(20.0, 15.0, 8.0), distance=10.0)
THEATRE = Room("theatre", t60=1.2, size=(25.0, 20.0, 12.0), distance=12.0)
HALL = Room("hall", t60=2.0, size=(45.0, 25.0, 16.0), distance=18.0)


def drawn(rng: np.random.Generator) -> Room:
    """Draw a room between a damped office and a stone church.

    Args:
        rng: Where the luck comes from.

    Returns:
        A room with T60 between 0.15 and 3.5 s and a fitting size.
    """
    t60 = float(np.exp(rng.uniform(np.log(0.15), np.log(3.5))))
    length = float(np.clip(8.0 * t60**0.8 * np.exp(rng.normal(0.6, 0.4)), 3.0, 60.0))
    size = (length, length * float(rng.uniform(0.5, 0.95)), max(2.4, length * float(rng.uniform(0.25, 0.55))))
    return Room("drawn", t60, size, distance=float(rng.uniform(0.1, 0.6)) * length)


def impulse_response(room: Room, rng: np.random.Generator, rate: int = 8000) -> NDArray[np.float32]:
    """Simulate one place in a room.

    Args:
        room: The room; where in it source and microphone stand is drawn.
        rng: Where the luck comes from; the same state gives the same response.
        rate: Samples a second.

    Returns:
        A response of unit energy that begins with the direct sound and lasts T60.
    """
    response = np.zeros(int(room.t60 * rate) + rate // 10, dtype=np.float64)
    early = _early(room, rng, rate)
    response[: len(early)] = early[: len(response)]
    direct = float(np.sum(np.square(early[: rate // 500])))
    tail = _tail(room, rng, len(response), rate)
    response += tail * np.sqrt(direct / np.sum(np.square(tail))) * (room.distance / room.critical_distance)
    return np.asarray(response / np.sqrt(np.sum(np.square(response))), dtype=np.float32)


def reverberate(samples: NDArray[np.float32], response: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let sound pass through a room.

    Args:
        samples: The sound; hand in a second or two from before the part you want, a hall still sounds of it.
        response: From `impulse_response` at the same rate.

    Returns:
        As many samples as came in; the tail after the end is cut.
    """
    from scipy.signal import fftconvolve

    return np.asarray(fftconvolve(samples, response)[: len(samples)], dtype=np.float32)


def _early(room: Room, rng: np.random.Generator, rate: int) -> NDArray[np.float64]:
    """Direct sound and first reflections, beginning with the direct sound."""
    import pyroomacoustics

    walls = np.array(room.size)
    absorption = float(np.clip(0.161 * room.volume / (room.t60 * _surface(walls)), 0.05, 0.95))
    shoebox = pyroomacoustics.ShoeBox(
        walls, fs=rate, materials=pyroomacoustics.Material(absorption), max_order=_REFLECTIONS
    )
    source, microphone = _places(walls, room.distance, rng)
    shoebox.add_source(source)
    shoebox.add_microphone(microphone)
    shoebox.compute_rir()
    response = np.asarray(shoebox.rir[0][0], dtype=np.float64)
    apart = float(np.linalg.norm(source - microphone))
    begin = int(apart / SOUND_SPEED * rate) + _FRACTIONAL_DELAY - 2
    return response[begin:]


def _places(
    walls: NDArray[np.float64], distance: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Put source and microphone at the wanted distance, or as near to it as the walls allow."""
    margin = 0.05 * walls
    source = rng.uniform(margin, walls - margin)
    way = rng.normal(size=3) * np.array([1.0, 1.0, 0.2])
    way /= np.linalg.norm(way)
    # Walk towards the larger half of the room, so that the walls rarely shorten the way.
    way = np.abs(way) * np.where(source < walls / 2, 1.0, -1.0)
    return source, np.clip(source + way * distance, margin, walls - margin)


def _surface(walls: NDArray[np.float64]) -> float:
    length, width, height = walls
    return float(2.0 * (length * width + width * height + height * length))


def _tail(room: Room, rng: np.random.Generator, length: int, rate: int) -> NDArray[np.float64]:
    """Noise that decays by 60 dB in T60 at low tones and sooner at high ones, and sets in gradually."""
    times = np.arange(length) / rate
    noise = rng.standard_normal(length)
    low = np.convolve(noise, np.hanning(9) / np.hanning(9).sum(), mode="same")
    shorter = room.t60 * float(rng.uniform(0.6, 0.9))
    tail = low * 10.0 ** (-3.0 * times / room.t60) + (noise - low) * 10.0 ** (-3.0 * times / shorter)
    mixing = 0.001 * np.sqrt(room.volume)  # s (Polack): from here on single reflections cannot be told apart
    return np.asarray(tail * np.clip(times / max(mixing, 1e-3), 0.0, 1.0))
