"""Voices of espeak-ng: buzzing, even, and harder to tell from music in a hall than people are.

They read numbers, which every language has words for, so that no text has to be written and none comes again.

Rules:

- The languages of the demonstration and of the tests, Kazakh, Russian and English, and of the test side, Dutch, are not
  spoken here: what is measured on them was never heard in training.
- Those who set the thresholds speak other languages, with other voices, than those who are trained on.
"""

import io
import subprocess
from collections.abc import Sequence

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from device.errors import Broken
from device.features import PARAMETERS

LANGUAGES = (
    "cs",
    "de",
    "el",
    "es",
    "fi",
    "fr",
    "hi",
    "hu",
    "id",
    "it",
    "ky",
    "pt",
    "ro",
    "sv",
    "sw",
    "tr",
    "uk",
)
HELD_LANGUAGES = ("bg", "ka", "pl", "uz")
VOICES = ("m1", "m2", "m3", "m4", "m5", "f1", "f2", "f3", "croak")
HELD_VOICES = ("m6", "m7", "f4", "f5")
_NUMBERS = 12  # in one speech, some 20 s
_WORDS_A_MINUTE = (110, 190)
_PITCH = (20, 75)  # of espeak's 0 to 99


def speaking(length: int, held: bool, rng: np.random.Generator) -> NDArray[np.float32]:
    """Let one voice after the other speak, each at the same level.

    Args:
        length: Samples wanted at 8 kHz.
        held: Whether the voices are those that are not trained on.
        rng: Decides who says what, how fast and how high.

    Returns:
        Samples of RMS 1.

    Raises:
        Broken: espeak-ng is not installed, or does not speak.
    """
    languages, voices = (HELD_LANGUAGES, HELD_VOICES) if held else (LANGUAGES, VOICES)
    parts: list[NDArray[np.float32]] = []
    while sum(map(len, parts)) < length:
        spoken = _spoken(_one(languages, rng), _one(voices, rng), rng)
        parts.append(spoken / np.float32(np.sqrt(np.mean(np.square(spoken)))))
    return np.concatenate(parts)[:length]


def _spoken(language: str, voice: str, rng: np.random.Generator) -> NDArray[np.float32]:
    numbers = [str(int(10 ** rng.uniform(0, 7))) for _ in range(_NUMBERS)]
    text = "".join(number + _one((", ", ". ", "? ", " "), rng) for number in numbers)
    command = ["espeak-ng", "-v", f"{language}+{voice}", "-s", str(rng.integers(*_WORDS_A_MINUTE))]
    command += ["-p", str(rng.integers(*_PITCH)), "--stdin", "--stdout"]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
        samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    except (OSError, subprocess.CalledProcessError, soundfile.LibsndfileError) as error:
        raise Broken(
            "training-no-speech",
            f"espeak-ng does not speak {language}: {error}.",
            "Install it: `apt install espeak-ng`.",
        ) from error
    return np.asarray(soxr.resample(samples, rate, PARAMETERS.sample_rate), dtype=np.float32)


def _one(of: Sequence[str], rng: np.random.Generator) -> str:
    return of[int(rng.integers(len(of)))]
