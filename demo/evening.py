"""The programme of an evening: what sounds in the hall, from when until when, from where in its piece.

A programme is plain values and comes out the same for the same pieces and seed. It is also the truth that
the box's account is compared with.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from demo.music import Audible, Piece, Repertoire

# Seconds that the pieces sound. Some known ones are shorter than the 15 s from which on none may be missed.
KNOWN = (8, 10, 12, 14, 18, 22, 26, 30, 34, 38, 44, 50, 60)
UNKNOWN = (20, 30, 40, 50, 60)
SPEECH = (("ru", 28), ("kk", 28), ("en", 24))
APPLAUSE = (6, 7, 9, 10, 12)
SILENCE = (15, 20, 25, 30)
GAP = (1.0, 6.0)  # seconds between scenes, at least and at most
SPOKEN_OVER = ("ru", 14)  # the speech that falls over music, which then sounds for more than thrice as long

MUSIC_LEVEL = (-27.0, -21.0)  # dBFS at the microphone, softest and loudest
SPEECH_LEVEL = -26.0
APPLAUSE_LEVEL = -24.0


class Kind(StrEnum):
    """What a scene consists of."""

    KNOWN = "known"  # music that the catalogue has
    UNKNOWN = "unknown"  # music that it has not
    SPEECH = "speech"
    APPLAUSE = "applause"
    SILENCE = "silence"


@dataclass(frozen=True)
class Scene:
    """One thing that sounds."""

    kind: Kind
    seconds: float
    level: float  # dBFS at the microphone
    start: float = 0.0  # seconds in the evening
    piece: Piece | None = None  # of music
    piece_start: float = 0.0  # seconds in the piece at which it is taken up
    language: str = ""  # of speech

    @property
    def end(self) -> float:
        """Seconds in the evening, the hall's echo not counted."""
        return self.start + self.seconds

    @property
    def title(self) -> str:
        """Say what it is in words."""
        if self.piece:
            return self.piece.title
        return f"{self.kind} ({self.language})" if self.language else str(self.kind)


@dataclass(frozen=True)
class Programme:
    """An evening."""

    scenes: tuple[Scene, ...]  # by their start; only speech over music overlaps
    seconds: float
    seed: int

    def of(self, *kinds: Kind) -> tuple[Scene, ...]:
        """Give the scenes of some kinds."""
        return tuple(scene for scene in self.scenes if scene.kind in kinds)

    def at(self, second: float) -> tuple[Scene, ...]:
        """Give what sounds at a time."""
        return tuple(scene for scene in self.scenes if scene.start <= second < scene.end)


def plan(repertoire: Repertoire, audible: Callable[[Piece], Audible], seed: int) -> Programme:
    """Plan an evening.

    Args:
        repertoire: What can be played; each piece sounds once at most.
        audible: Tells which part of a piece is worth playing.
        seed: Another seed is another evening.
    """
    rng = np.random.default_rng(seed)
    known = _music(Kind.KNOWN, repertoire.known, KNOWN, audible, rng)
    unknown = _music(Kind.UNKNOWN, repertoire.unknown, UNKNOWN, audible, rng)
    scenes = _placed(_ordered([*known, *unknown], rng), rng)
    scenes += _spoken_over(scenes)
    scenes.sort(key=lambda scene: scene.start)
    return Programme(tuple(scenes), max(scene.end for scene in scenes) + GAP[1], seed)


def _music(
    kind: Kind,
    pieces: tuple[Piece, ...],
    lengths: tuple[int, ...],
    audible: Callable[[Piece], Audible],
    rng: np.random.Generator,
) -> list[Scene]:
    """Choose pieces and where each is taken up; a short piece sounds for as long as it lasts."""
    chosen = rng.permutation(len(pieces))[: len(lengths)]
    parts = [audible(pieces[number]) for number in chosen]
    # The longest piece gets the longest time, and so on: no time is cut short if that can be helped.
    by_length = sorted(range(len(chosen)), key=lambda n: parts[n].seconds)
    kept = sorted(rng.permutation(lengths)[: len(chosen)])
    scenes = []
    for n, wanted in zip(by_length, kept, strict=True):
        seconds = min(float(wanted), parts[n].seconds)
        start = parts[n].start + rng.uniform(0.0, parts[n].seconds - seconds)
        level = float(rng.uniform(*MUSIC_LEVEL))
        scenes.append(Scene(kind, seconds, level, piece=pieces[chosen[n]], piece_start=float(start)))
    return scenes


def _ordered(music: list[Scene], rng: np.random.Generator) -> list[Scene]:
    """Put speech, applause and silence between the music; the evening begins silent and ends with applause."""
    order = [music[n] for n in rng.permutation(len(music))]
    begin, *pauses = (Scene(Kind.SILENCE, float(s), -np.inf) for s in rng.permutation(SILENCE))
    end, *applause = (Scene(Kind.APPLAUSE, float(s), APPLAUSE_LEVEL) for s in rng.permutation(APPLAUSE))
    speech = [Scene(Kind.SPEECH, float(s), SPEECH_LEVEL, language=language) for language, s in SPEECH]
    between = [*pauses, *applause, *speech]
    after = rng.permutation(len(between)) * max(1, len(order) - 1) // len(between)
    scenes = [begin]
    for number, scene in enumerate(order):
        scenes.append(scene)
        scenes += [between[n] for n in np.flatnonzero(after == number)]
    return [*scenes, end]


def _placed(scenes: Iterable[Scene], rng: np.random.Generator) -> list[Scene]:
    """Let one scene follow another."""
    placed: list[Scene] = []
    now = 0.0
    for scene in scenes:
        placed.append(replace(scene, start=now))
        now += scene.seconds + float(rng.uniform(*GAP))
    return placed


def _spoken_over(scenes: list[Scene]) -> list[Scene]:
    """Let somebody speak in the middle of a known piece that is long enough."""
    language, seconds = SPOKEN_OVER
    fitting = [s for s in scenes if s.kind is Kind.KNOWN and s.seconds > 3 * seconds]
    if not fitting:
        return []
    music = min(fitting, key=lambda scene: scene.seconds)
    start = music.start + (music.seconds - seconds) / 2
    return [Scene(Kind.SPEECH, float(seconds), music.level, start, language=language)]
