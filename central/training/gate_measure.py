"""How often the gate is right, on music, voices, noises and rooms that no training saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from central.evaluation import rooms
from central.evaluation.figures import Share
from central.training import disturbance
from central.training.singing import singing
from device.features import PARAMETERS, log_mel
from device.gate import Gate

RATE = PARAMETERS.sample_rate
PAST = 2 * RATE  # samples of sound before a segment, for the room
LENGTH = PAST + PARAMETERS.window
BED = 240 * RATE
ROOMS = (None, rooms.CINEMA, rooms.THEATRE, rooms.HALL)
HISS = -50.0  # dB, the microphone's own noise below the sound

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Kind:
    """What a segment holds."""

    name: str
    music: bool
    speech: bool


@dataclass(frozen=True)
class Row:
    """How often the gate said so of one kind."""

    kind: Kind
    music: Share
    speech: Share


def measure(
    gate: Gate, music: Sequence[Path], speech: Sequence[Path], effects: Sequence[Path], count: int
) -> list[Row]:
    """Let the gate hear segments of every kind, in every room by turns.

    Args:
        gate: The gate.
        music: Decoded tracks of the test side.
        speech: Decoded talks of the test side.
        effects: Decoded short sounds of the test side.
        count: Segments of each kind.
    """
    rng = np.random.default_rng(2026)
    draw = _Drawer(music, speech, effects, rng)
    rows = []
    for kind in KINDS:
        heard = np.stack(
            [_in_room(draw(kind.name), ROOMS[number % len(ROOMS)], rng) for number in range(count)]
        )
        said = gate.probabilities(log_mel(heard))
        rows.append(
            Row(
                kind,
                Share(int((said[:, 0] >= gate.music_from).sum()), count),
                Share(int((said[:, 1] >= gate.speech_from).sum()), count),
            )
        )
    return rows


KINDS = (
    Kind("music", True, False),
    Kind("singing alone", True, False),
    Kind("one voice", False, True),
    Kind("twelve voices", False, True),
    Kind("music and speech, 6 dB", True, True),
    Kind("music and speech, 0 dB", True, True),
    Kind("music and speech, -6 dB", True, True),
    Kind("music and speech, -12 dB", True, True),
    Kind("music and applause, 0 dB", True, False),
    Kind("applause", False, False),
    Kind("effects", False, False),
    Kind("ventilation, hum, hiss", False, False),
)


def table(rows: Sequence[Row]) -> str:
    """Set the figures out as Markdown: how often each was said, in per cent, with what is right in bold."""
    lines = ["| sounds | said to be music | said to be speech |", "|---|---|---|"]
    for row in rows:
        cells = [_told(row.music, row.kind.music), _told(row.speech, row.kind.speech)]
        lines.append(f"| {row.kind.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _told(share: Share, right: bool) -> str:
    low, high = (100 * one for one in share.interval)
    figure = f"{100 * share.share:.1f}"
    return f"{f'**{figure}**' if right else figure} ({low:.0f}-{high:.0f})"


class _Drawer:
    """Draws dry sounds of `LENGTH` samples."""

    def __init__(
        self, music: Sequence[Path], speech: Sequence[Path], effects: Sequence[Path], rng: np.random.Generator
    ) -> None:
        self._rng = rng
        self._music = music
        self._beds = {
            "one voice": disturbance.talk(speech, BED, rng),
            "twelve voices": disturbance.babble(speech, 12, BED, rng),
            "applause": disturbance.applause(BED // 4, rng),
            "effects": disturbance.talk(effects, BED, rng),
            "singing alone": singing(BED // 2, 1, rng),
            "ventilation, hum, hiss": disturbance.coloured(BED, rng),
        }

    def __call__(self, kind: str) -> Sound:
        if kind == "music":
            return self._track()
        if kind.startswith("music and"):
            other = self._bed("applause" if "applause" in kind else "one voice")
            ratio = float(kind.split(",")[1].removesuffix("dB"))
            return self._track() + other * np.float32(10 ** (-ratio / 20))
        return self._bed(kind)

    def _track(self) -> Sound:
        while True:
            track = np.load(self._music[int(self._rng.integers(len(self._music)))], mmap_mode="r")
            at = int(self._rng.integers(max(1, len(track) - LENGTH)))
            piece = track[at : at + LENGTH].astype(np.float32) / np.float32(32768)
            if len(piece) == LENGTH and _level(piece) > 0.003:
                return np.asarray(piece / np.float32(_level(piece)))

    def _bed(self, kind: str) -> Sound:
        """Cut a piece whose segment is no pause."""
        bed = self._beds[kind]
        while True:
            at = int(self._rng.integers(len(bed) - LENGTH))
            piece = bed[at : at + LENGTH]
            if _level(piece) > 0.25:
                return np.asarray(piece / np.float32(_level(piece)))


def _in_room(sound: Sound, room: rooms.Room | None, rng: np.random.Generator) -> Sound:
    heard = rooms.reverberate(sound, rooms.impulse_response(room, rng)) if room else sound
    segment = heard[PAST:]
    hiss = rng.standard_normal(len(segment)) * np.sqrt(np.mean(np.square(segment))) * 10 ** (HISS / 20)
    return np.asarray(segment + hiss, dtype=np.float32)


def _level(samples: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(samples[PAST:]))))
