"""The conditions under which recognition is measured: rooms, audiences, dialogue, cheap microphones, speed, coding.

The order is that of the real way: what is played may have been coded, the noise sounds in the same room as the music,
then the microphone follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from central.evaluation import coding, rooms
from central.evaluation.coding import Coding
from central.evaluation.rooms import Room

RATE = 8000  # Hz, the model's
PAST = 3.0  # seconds before a clip that sound too, so that their echo is in it
BABBLE_VOICES = 12

Sound = NDArray[np.float32]


class Noise(StrEnum):
    """What sounds beside the music."""

    NONE = "none"
    AUDIENCE = "audience"  # many voices at once
    DIALOGUE = "dialogue"  # one voice at a time, as in a film


@dataclass(frozen=True)
class Condition:
    """One way in which music reaches the box."""

    name: str
    room: Room | None = None
    noise: Noise = Noise.NONE
    snr: float = 0.0  # dB of music above noise
    cheap_microphone: bool = False
    speed: float = 1.0  # seconds of music played in a second
    coding: Coding | None = None  # of what is played


# What calibration learns from.
CONDITIONS = (
    Condition("dry"),
    Condition("cinema", rooms.CINEMA),
    Condition("theatre", rooms.THEATRE),
    Condition("hall", rooms.HALL),
    Condition("hall, audience 10 dB", rooms.HALL, Noise.AUDIENCE, 10.0),
    Condition("theatre, audience 5 dB", rooms.THEATRE, Noise.AUDIENCE, 5.0),
    Condition("hall, audience 5 dB", rooms.HALL, Noise.AUDIENCE, 5.0),
    Condition("theatre, audience 0 dB", rooms.THEATRE, Noise.AUDIENCE, 0.0),
    Condition("hall, audience 0 dB", rooms.HALL, Noise.AUDIENCE, 0.0),
    Condition("theatre, audience -5 dB", rooms.THEATRE, Noise.AUDIENCE, -5.0),
    Condition("dialogue -5 dB", None, Noise.DIALOGUE, -5.0),
    Condition("cinema, dialogue -5 dB", rooms.CINEMA, Noise.DIALOGUE, -5.0),
    Condition("theatre, audience 5 dB, cheap microphone", rooms.THEATRE, Noise.AUDIENCE, 5.0, True),
    Condition("speed +4 %", speed=1.04),
    Condition("speed -4 %", speed=0.96),
)


PROTOCOL_ROOMS: tuple[tuple[str, Room | None], ...] = (
    ("dry", None),
    ("cinema", rooms.CINEMA),
    ("theatre", rooms.THEATRE),
    ("hall", rooms.HALL),
)
PROTOCOL_NOISES: tuple[tuple[str, Noise, float], ...] = (
    ("no noise", Noise.NONE, 0.0),
    ("audience 10 dB", Noise.AUDIENCE, 10.0),
    ("audience 5 dB", Noise.AUDIENCE, 5.0),
    ("audience 0 dB", Noise.AUDIENCE, 0.0),
    ("audience -5 dB", Noise.AUDIENCE, -5.0),
    ("dialogue 0 dB", Noise.DIALOGUE, 0.0),
    ("dialogue -5 dB", Noise.DIALOGUE, -5.0),
)

# What figures are reported for: every room with every noise, then what happens to the sound beside that.
PROTOCOL = (
    *(
        Condition(f"{room}, {noise}", walls, kind, snr)
        for room, walls in PROTOCOL_ROOMS
        for noise, kind, snr in PROTOCOL_NOISES
    ),
    Condition("theatre, audience 5 dB, cheap microphone", rooms.THEATRE, Noise.AUDIENCE, 5.0, True),
    Condition("hall, audience 5 dB, cheap microphone", rooms.HALL, Noise.AUDIENCE, 5.0, True),
    Condition("speed +1 %", speed=1.01),
    Condition("speed -1 %", speed=0.99),
    Condition("speed +4 %", speed=1.04),
    Condition("speed -4 %", speed=0.96),
    Condition("mp3, 16 kbit/s", coding=coding.MP3),
    Condition("opus, 8 kbit/s", coding=coding.OPUS),
)


def degrade(music: Sound, speech: Sequence[Sound], condition: Condition, rng: np.random.Generator) -> Sound:
    """Let music sound under a condition.

    Args:
        music: At `RATE`; begins `PAST` seconds before what is wanted, and lasts `condition.speed` times as long.
        speech: Talks at `RATE`, each of some seconds, from which voices are drawn.
        condition: What happens to the music.
        rng: Decides voices, places and microphone.

    Returns:
        What the microphone hears, without the past.
    """
    past = round(PAST * RATE)
    sound = coding.coded(music, condition.coding, RATE) if condition.coding else music
    sound = soxr.resample(sound, RATE * condition.speed, RATE) if condition.speed != 1.0 else sound
    past = round(past / condition.speed)
    if condition.noise is not Noise.NONE:
        voices = (
            babble(speech, len(sound), rng)
            if condition.noise is Noise.AUDIENCE
            else voice(speech, len(sound), rng)
        )
        sound = sound + voices * _gain(sound[past:], voices[past:], condition.snr)
    if condition.room is not None:
        sound = rooms.reverberate(sound.astype(np.float32), rooms.impulse_response(condition.room, rng, RATE))
    if condition.cheap_microphone:
        sound = _cheap(sound, rng)
    heard = sound[past:]
    loudest = float(np.abs(heard).max()) or 1.0
    return np.asarray(heard * (0.3 / loudest), dtype=np.float32)


def _gain(music: Sound, noise: Sound, snr: float) -> float:
    power = float(np.mean(np.square(music))), float(np.mean(np.square(noise)))
    return float(np.sqrt(power[0] / max(power[1], 1e-12)) * 10 ** (-snr / 20))


def voice(speech: Sequence[Sound], length: int, rng: np.random.Generator) -> Sound:
    """Let one talk follow the other, all equally loud.

    Args:
        speech: Talks at `RATE`.
        length: Samples wanted.
        rng: Decides which, and where to begin.

    Returns:
        Samples of about RMS 1.
    """
    pieces: list[Sound] = []
    while sum(map(len, pieces)) < length:
        talk = speech[int(rng.integers(len(speech)))]
        pieces.append(talk / (float(np.sqrt(np.mean(np.square(talk)))) + 1e-6))
    joined = np.concatenate(pieces)
    start = int(rng.integers(len(joined) - length + 1))
    return np.asarray(joined[start : start + length], dtype=np.float32)


def babble(speech: Sequence[Sound], length: int, rng: np.random.Generator) -> Sound:
    """Let `BABBLE_VOICES` speak at once, nearer and farther ones; as `voice`."""
    return np.asarray(
        sum(voice(speech, length, rng) * rng.uniform(0.5, 1.0) for _ in range(BABBLE_VOICES)),
        dtype=np.float32,
    )


def _cheap(sound: Sound, rng: np.random.Generator) -> Sound:
    """A small capsule: nothing below some 300 Hz, a resonance, its own noise, and clipping now and then."""
    edges = [float(rng.uniform(200, 400)), float(rng.uniform(2800, 3600))]
    narrow = sosfilt(butter(2, edges, "bandpass", fs=RATE, output="sos"), sound)
    peak = float(rng.uniform(1000, 2500))
    ringing = sosfilt(butter(1, [peak * 0.8, peak * 1.2], "bandpass", fs=RATE, output="sos"), sound)
    coloured = narrow + rng.uniform(0.3, 1.0) * ringing
    level = float(np.sqrt(np.mean(np.square(coloured))))
    noisy = coloured + rng.standard_normal(len(coloured)) * level * 10 ** (-rng.uniform(20, 30) / 20)
    return np.asarray(np.clip(noisy, -4 * level, 4 * level), dtype=np.float32)
