"""An evening of music and speech in a hall: coverage must say how much of it was which."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import soxr

from central.evaluation import rooms
from central.training import corpus
from demo.applause import applause
from demo.speech import TEXTS, say
from device.coverage import SILENT, Coverage, CoverageCount
from device.features import PARAMETERS, log_mel
from device.gate import Gate, shipped_gate_path
from device.sound import replay
from device.sound.segments import Segments

RATE = PARAMETERS.sample_rate
HOP = RATE // 2
SECONDS = 24.0


@dataclass(frozen=True)
class Stretch:
    """Something that sounds for `SECONDS`."""

    sound: np.ndarray
    music: bool
    speech: bool


def music(number: int, packages: tuple[str, ...] = ("freecol", "ardentryst", "zaz-data")) -> np.ndarray:
    file = corpus.fetch(packages)[number]
    samples, rate = replay.read(file)
    return soxr.resample(samples[20 * rate :][: round(SECONDS * rate)], rate, RATE).astype(np.float32)


def level(sound: np.ndarray, decibels: float) -> np.ndarray:
    return sound * np.float32(10 ** (decibels / 20) / np.sqrt(np.mean(np.square(sound))))


def evening() -> Iterator[Stretch]:
    rng = np.random.default_rng(1)
    spoken = {language: level(say(language, SECONDS, RATE), -26) for language in TEXTS}
    for number in (2, 9, 17):
        yield Stretch(level(music(number), -24), music=True, speech=False)
    for language in TEXTS:
        yield Stretch(spoken[language], music=False, speech=True)
    yield Stretch(
        level(applause(SECONDS, RATE, 100, rng)[: round(SECONDS * RATE)], -24), music=False, speech=False
    )
    yield Stretch(
        level(music(5), -26)[: len(spoken["ru"])] + spoken["ru"][: len(music(5))], music=True, speech=True
    )
    yield Stretch(np.zeros(round(SECONDS * RATE), dtype=np.float32), music=False, speech=False)


def heard(stretch: Stretch, gate: Gate) -> Coverage:
    """What coverage says of a stretch in a hall."""
    response = rooms.impulse_response(rooms.HALL, np.random.default_rng(3), RATE)
    count = CoverageCount(period=900.0, tells_music=True)
    for segment in Segments(PARAMETERS.window, HOP, RATE).cut(rooms.reverberate(stretch.sound, response)):
        sounds = gate.hear(log_mel(segment.samples[None]))[0] if segment.level >= SILENT else None
        count.hear(segment, HOP / RATE, (), sounds)
    return count.finish(len(stretch.sound) / RATE)


@pytest.fixture(scope="module")
def told() -> list[tuple[Stretch, Coverage]]:
    gate = Gate(shipped_gate_path())
    return [(stretch, heard(stretch, gate)) for stretch in evening()]


def test_speech_counts_as_speech_and_music_as_music(told: list[tuple[Stretch, Coverage]]) -> None:
    for stretch, coverage in told:
        most = 0.5 * (coverage.end - PARAMETERS.seconds)
        assert coverage.music is not None
        assert coverage.speech is not None
        assert (coverage.music > most) == stretch.music
        assert (coverage.speech > most) == stretch.speech


def test_over_the_evening_the_seconds_are_about_right(told: list[tuple[Stretch, Coverage]]) -> None:
    for what in ("music", "speech"):
        true = sum(c.end for s, c in told if getattr(s, what))
        assert sum(getattr(c, what) for _, c in told) == pytest.approx(true, rel=0.3)
