"""Hours of sound that no catalogue holds, heard as the box hears an evening: what it wrongly takes for a play."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from central.evaluation import conditions, rooms
from central.evaluation.answers import FalsePlay, Heard
from central.evaluation.calibration import STRETCH as SPAN
from central.evaluation.calibration import embedded
from central.evaluation.conditions import PAST, PROTOCOL, RATE, Condition, Noise, Sound
from central.evaluation.embeddings import Embedded
from central.evaluation.plan import STRETCH
from device.embedding import EmbeddingModel
from device.play import Plays
from device.recogniser import Recogniser

# What an evening holds beside music that is known, by time.
SHARES = {"music": 0.6, "speech": 0.25, "noise": 0.15}
SHORTEST, LONGEST = 30.0, 120.0  # seconds of one piece
APPLAUSE = 0.5  # share of the noise that is applause

Applause = Callable[[int, np.random.Generator], Sound]


@dataclass(frozen=True)
class Evening:
    """Where unknown sound is drawn from."""

    music: Sequence[Sound]
    speech: Sequence[Sound]
    noise: Sequence[Sound]  # none: applause only
    applause: Applause


@dataclass(frozen=True, eq=False)
class Piece:
    """Some seconds of one thing."""

    kind: str  # of `SHARES`
    during: str  # in words
    sound: Sound


def stretch(evening: Evening, number: int, seed: int, seconds: float = STRETCH) -> list[Piece]:
    """Draw a stretch of an evening, the same for the same number and seed."""
    rng = np.random.default_rng([seed, 77, number])
    pieces: list[Piece] = []
    left = round(seconds * RATE)
    while left > 0:
        kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        length = round(rng.uniform(SHORTEST, LONGEST) * RATE)
        piece = _DRAW[kind](evening, length, rng)
        if len(piece.sound):
            pieces.append(Piece(piece.kind, piece.during, piece.sound[:left]))
            left -= len(piece.sound)
    return pieces


def sound_of(pieces: Sequence[Piece]) -> Sound:
    """Join pieces as they sound, one after the other without a break."""
    return np.concatenate([piece.sound for piece in pieces])


def embed(pieces: Sequence[Piece], model: EmbeddingModel) -> Embedded:
    """Let a model hear pieces one after the other without a break; what they are goes with it."""
    positions, embeddings = embedded(sound_of(pieces), model)
    about = [(piece.kind, piece.during, len(piece.sound) / RATE) for piece in pieces]
    return Embedded(positions, embeddings, json.dumps(about))


def hear(key: str, sound: Embedded, parts: Recogniser) -> Heard:
    """Let the box's own matcher and plays listen without a break.

    Args:
        key: The stretch's name.
        sound: From `embed`.
        parts: Catalogue and matcher, as the box assembles them.
    """
    about: list[tuple[str, str, float]] = json.loads(sound.about)
    begins = np.cumsum([0, *(seconds for _, _, seconds in about)])
    thresholds = parts.catalogue.thresholds
    plays, ended = Plays(thresholds.accept, thresholds.candidate), []
    best = np.zeros(int(begins[-1] // SPAN) + 1)
    parts.matcher.forget()
    for position, embedding in zip(sound.positions.tolist(), sound.embeddings, strict=True):
        matches = parts.matcher.hear(position, embedding)
        span = int(position // SPAN)
        best[span] = max([best[span], *(match.score for match in matches)])
        ended += plays.hear(position, matches)
    parts.matcher.forget()
    return Heard(
        key=key,
        seconds={k: sum(seconds for kind, _, seconds in about if kind == k) for k in SHARES},
        plays=tuple(
            FalsePlay(
                recording=parts.catalogue.recording(play.recording).id,
                status=str(play.status),
                score=round(play.best.score, 3),
                at=round(play.start, 1),
                during=about[int(np.searchsorted(begins, play.best.start, side="right")) - 1][1],
            )
            for play in [*ended, *plays.finish()]
        ),
        best=tuple(np.round(best, 3).tolist()),
    )


def _music(evening: Evening, length: int, rng: np.random.Generator) -> Piece:
    number = int(rng.integers(len(evening.music)))
    condition = PROTOCOL[int(rng.integers(len(PROTOCOL)))]
    track = evening.music[number]
    begin = int(rng.integers(max(1, len(track) - length)))
    piece = track[begin : begin + round((length + PAST * RATE) * condition.speed)]
    if len(piece) <= 2 * PAST * RATE:
        piece = np.empty(0, dtype=np.float32)
    return _degraded("music", f"music {number}, {condition.name}", piece, evening, condition, rng)


def _speech(evening: Evening, length: int, rng: np.random.Generator) -> Piece:
    one = bool(rng.random() < 0.5)
    speak = conditions.voice if one else conditions.babble
    spoken = speak(evening.speech, length + round(PAST * RATE), rng)
    return _degraded("speech", "one voice" if one else "many voices", spoken, evening, _anywhere(rng), rng)


def _noise(evening: Evening, length: int, rng: np.random.Generator) -> Piece:
    length += round(PAST * RATE)
    if not len(evening.noise) or rng.random() < APPLAUSE:
        name, sound = "applause", evening.applause(length, rng)
    else:
        name, sound = "effects", conditions.voice(evening.noise, length, rng)
    return _degraded("noise", name, sound, evening, _anywhere(rng), rng)


_DRAW = {"music": _music, "speech": _speech, "noise": _noise}


def _anywhere(rng: np.random.Generator) -> Condition:
    room = (None, rooms.CINEMA, rooms.THEATRE, rooms.HALL)[int(rng.integers(4))]
    return Condition("", room, Noise.NONE, cheap_microphone=bool(rng.random() < 0.25))


def _degraded(
    kind: str, during: str, sound: Sound, evening: Evening, condition: Condition, rng: np.random.Generator
) -> Piece:
    if not len(sound) or float(np.abs(sound).max()) < 1e-3:
        return Piece(kind, during, np.empty(0, dtype=np.float32))
    return Piece(kind, during, conditions.degrade(sound, evening.speech, condition, rng))
