"""What happens to one passage on its way to the model: numbers, drawn once and applied by whoever has the sound.

The numpy degradation and the accelerator's are given the same fates and must then give the same sound.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Hz at which the gain curve of loudspeaker, equaliser and microphone bends.
BENDS = (60, 150, 300, 600, 1000, 1600, 2300, 3100, 4000)
DEEPEST_BEND = 18.0  # dB
# Ranges that are drawn from, evenly: corners in Hz, slopes in dB an octave.
LOW_PASS, LOW_PASS_SLOPE = (1000.0, 3800.0), (6.0, 36.0)
HIGH_PASS, HIGH_PASS_SLOPE = (100.0, 700.0), (6.0, 24.0)
SPREAD_OF_BENDS = 9.0  # dB; the standard deviation of a curve's bends is drawn from 0 to this
HISS = (15.0, 45.0)  # dB of sound above the microphone's own noise
CLIPPED = (0.8, 0.99)  # share of the samples that a clipping microphone lets through as they are
ON_STAGE = 0.3  # probability that what is no dialogue comes from the loudspeakers too
NOTHING = float("inf")  # dB: no disturbance, no hiss


@dataclass(frozen=True)
class Chances:
    """How often and how strongly a passage is degraded."""

    speed: float = 0.5  # probability of another speed
    largest_speed: float = 0.045  # share by which it differs at most
    disturbance: float = 0.9  # probability of something that sounds beside the music
    lowest_ratio: float = -8.0  # dB, music to disturbance
    highest_ratio: float = 12.0  # dB
    room: float = 0.85  # probability of a room
    colour: float = 1.0  # probability of loudspeaker, equaliser and microphone
    clipping: float = 0.2  # probability of clipping or limiting
    self_noise: float = 0.6  # probability of the microphone's own noise


@dataclass(frozen=True)
class Fate:
    """What happens to one passage; as it stands without arguments, nothing."""

    faster: float = 0.0  # share by which it is played faster, pitch included
    ratio: float = NOTHING  # dB, music to what sounds beside it
    on_stage: bool = False  # whether that passes the room with the music
    room: int = -1  # number of the room's response; -1: none
    bends: tuple[float, ...] = (0.0,) * len(BENDS)  # dB at BENDS
    low_pass: float = LOW_PASS[1]  # Hz
    low_pass_slope: float = 0.0  # dB an octave
    high_pass: float = HIGH_PASS[0]  # Hz
    high_pass_slope: float = 0.0  # dB an octave
    hiss: float = NOTHING  # dB of sound above the microphone's own noise
    clipped: float = 1.0  # share of the samples that a microphone lets through as they are
    softly: bool = False  # whether it limits instead of cutting off


def drawn(rng: np.random.Generator, chances: Chances, rooms: int) -> Fate:
    """Draw a fate.

    Args:
        rng: Where the luck comes from.
        chances: How hard it may be.
        rooms: How many responses there are.

    Returns:
        A fate.
    """
    coloured = rng.random() < chances.colour
    bends = rng.normal(0.0, rng.uniform(0.0, SPREAD_OF_BENDS), len(BENDS)).clip(-DEEPEST_BEND, DEEPEST_BEND)
    return Fate(
        faster=_maybe(rng, chances.speed, (-chances.largest_speed, chances.largest_speed), 0.0),
        ratio=_maybe(rng, chances.disturbance, (chances.lowest_ratio, chances.highest_ratio), NOTHING),
        on_stage=bool(rng.random() < ON_STAGE),
        room=int(rng.integers(rooms)) if rooms and rng.random() < chances.room else -1,
        bends=tuple(map(float, bends)) if coloured else Fate.bends,
        low_pass=float(rng.uniform(*LOW_PASS)),
        low_pass_slope=_maybe(rng, 0.5 * coloured, LOW_PASS_SLOPE, 0.0),
        high_pass=float(rng.uniform(*HIGH_PASS)),
        high_pass_slope=_maybe(rng, 0.5 * coloured, HIGH_PASS_SLOPE, 0.0),
        hiss=_maybe(rng, chances.self_noise, HISS, NOTHING),
        clipped=_maybe(rng, chances.clipping, CLIPPED, 1.0),
        softly=bool(rng.random() < 0.5),
    )


def gains(fate: Fate, hertz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give loudspeaker, equaliser and microphone as one curve: a bent line with both ends cut.

    Args:
        fate: Its bends and slopes are taken.
        hertz: Where to give the curve, all above 0.

    Returns:
        Factors of the same shape.
    """
    octaves = np.log2(hertz)
    decibels = np.interp(octaves, np.log2(BENDS), fate.bends)
    decibels -= fate.low_pass_slope * np.maximum(0.0, octaves - np.log2(fate.low_pass))
    decibels -= fate.high_pass_slope * np.maximum(0.0, np.log2(fate.high_pass) - octaves)
    return np.asarray(10 ** (decibels / 20), dtype=np.float32)


def _maybe(rng: np.random.Generator, chance: float, between: tuple[float, float], otherwise: float) -> float:
    return float(rng.uniform(*between)) if rng.random() < chance else otherwise
