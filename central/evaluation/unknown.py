"""Hours of sound that no catalogue holds, heard as the box hears an evening: what it wrongly takes for a play."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from central.evaluation import conditions, rooms
from central.evaluation.answers import FalsePlay, Heard
from central.evaluation.calibration import embedded
from central.evaluation.conditions import PAST, PROTOCOL, RATE, Condition, Noise, Sound
from central.evaluation.plan import STRETCH
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


def hear(key: str, pieces: Sequence[Piece], parts: Recogniser) -> Heard:
    """Let the box's own matcher and plays listen without a break.

    Args:
        key: The stretch's name.
        pieces: What sounds.
        parts: Model, catalogue and matcher, as the box assembles them.
    """
    begins = np.cumsum([0, *(len(piece.sound) for piece in pieces)]) / RATE
    positions, embeddings = embedded(np.concatenate([piece.sound for piece in pieces]), parts.model)
    thresholds = parts.catalogue.thresholds
    plays, ended, highest = Plays(thresholds.accept, thresholds.candidate), [], 0.0
    parts.matcher.forget()
    for position, embedding in zip(positions.tolist(), embeddings, strict=True):
        matches = parts.matcher.hear(position, embedding)
        highest = max([highest, *(match.score for match in matches)])
        ended += plays.hear(position, matches)
    parts.matcher.forget()
    return Heard(
        key=key,
        seconds={k: sum(len(p.sound) for p in pieces if p.kind == k) / RATE for k in SHARES},
        plays=tuple(
            FalsePlay(
                recording=parts.catalogue.recording(play.recording).id,
                status=str(play.status),
                score=round(play.best.score, 3),
                at=round(play.start, 1),
                during=pieces[int(np.searchsorted(begins, play.best.start, side="right")) - 1].during,
            )
            for play in [*ended, *plays.finish()]
        ),
        highest=round(highest, 3),
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
