"""Makes a programme heard: its scenes sound in a hall with an echo, among people who are never quite silent."""

import numpy as np
from scipy.signal import lfilter, oaconvolve, resample_poly

from demo.applause import applause
from demo.evening import Kind, Programme, Scene
from demo.music import decode
from demo.speech import TEXTS, say

RATE = 44_100  # Hz, as a cheap sound card gives
HANDS = 150  # people who applaud
ROOM_TONE = -62.0  # dBFS: ventilation, lamps
MURMUR = -42.0  # dBFS: some 18 dB below the music (15 below the softest, 21 below the loudest)
TALKERS = 14  # voices of the murmur
LOOP_SECONDS = 47  # after which tone and murmur repeat; no scene is in step with them
FADE = 0.02  # seconds in which a scene comes up and goes down, so that no click marks it

Sound = np.ndarray  # float32 mono at RATE


def perform(programme: Programme, stage: Sound, seats: Sound) -> Sound:
    """Let an evening pass in a hall.

    Args:
        programme: What sounds.
        stage: The hall's response at RATE from the stage to the microphone, for music and speech.
        seats: The same from the audience, for applause.

    Returns:
        What a microphone in the hall hears, the last echo included.
    """
    rng = np.random.default_rng(programme.seed)
    echo = max(len(stage), len(seats)) / RATE
    heard = _audience(programme, programme.seconds + echo, rng)
    for scene in programme.scenes:
        if scene.kind is Kind.SILENCE:
            continue
        dry = _fade(_sound_of(scene, rng))
        response = seats if scene.kind is Kind.APPLAUSE else stage
        wet = oaconvolve(dry, response).astype(np.float32)
        wet *= _gain(wet[: len(dry)], scene.level)
        at = int(scene.start * RATE)
        end = min(len(heard), at + len(wet))
        heard[at:end] += wet[: end - at]
    return np.clip(heard, -1.0, 1.0, out=heard)


def levels(sound: Sound, rate: int, seconds: float) -> np.ndarray:
    """Measure the level in dBFS in each stretch of so many seconds; -120 stands for digital silence."""
    length = int(rate * seconds)
    stretches = sound[: len(sound) // length * length].reshape(-1, length)
    power = np.mean(stretches.astype(np.float64) ** 2, axis=1)
    return np.asarray(10 * np.log10(power + 1e-12))


def _sound_of(scene: Scene, rng: np.random.Generator) -> Sound:
    if scene.piece:
        return decode(scene.piece.path, RATE, scene.piece_start, scene.seconds)
    if scene.kind is Kind.SPEECH:
        return say(scene.language, scene.seconds, RATE)
    return applause(scene.seconds, RATE, HANDS, rng)


def _audience(programme: Programme, seconds: float, rng: np.random.Generator) -> Sound:
    """Make the noise of the hall itself and of the people in it, who hold their breath in the silent scenes."""
    length = int(seconds * RATE)
    voices = np.zeros(LOOP_SECONDS * RATE, dtype=np.float32)
    tone = lfilter([1.0], [1.0, -0.97], rng.standard_normal(len(voices), dtype=np.float32)).astype(np.float32)
    tone *= _gain(tone, ROOM_TONE)
    spoken = [say(language, 30.0, RATE) for language in TEXTS]
    for talker in range(TALKERS):
        pitch = int(rng.integers(80, 126))  # of 100: one voice becomes many
        voice = np.resize(resample_poly(spoken[talker % len(spoken)], 100, pitch), len(voices))
        voices += np.roll(voice, int(rng.integers(len(voices)))) * rng.uniform(0.4, 1.0)
    voices *= _gain(voices, MURMUR)
    silent = programme.of(Kind.SILENCE)
    times = [t for scene in silent for t in (scene.start - 1.0, scene.start, scene.end, scene.end + 1.0)]
    strength = (
        np.interp(np.arange(length) / RATE, times, [1.0, 0.0, 0.0, 1.0] * len(silent)) if silent else 1.0
    )
    return np.asarray(np.resize(tone, length) + np.resize(voices, length) * strength, dtype=np.float32)


def _gain(sound: Sound, level: float) -> float:
    """Give the factor that brings a sound to a level in dBFS."""
    return float(10 ** (level / 20) / np.sqrt(np.mean(sound.astype(np.float64) ** 2) + 1e-12))


def _fade(sound: Sound) -> Sound:
    ramp = np.linspace(0.0, 1.0, min(int(FADE * RATE), len(sound) // 2), dtype=np.float32)
    faded = sound.copy()
    faded[: len(ramp)] *= ramp
    faded[len(faded) - len(ramp) :] *= ramp[::-1]
    return faded
