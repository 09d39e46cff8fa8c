"""Which recordings sound in a file: the box's own stages, without the account.

A clip of a few seconds is one query. A longer file is heard like a room, over the last seconds again and
again, and its matches are put together to stretches as plays are.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.coverage import SILENT
from device.embedding import Embeddings
from device.features import log_mel
from device.match.match import Match
from device.match.matcher import MEMORY
from device.play import Play, Plays, Status
from device.recogniser import Recogniser
from device.sound import replay
from device.sound.cutter import Cutter

# Below this many seconds a file is one query, above it is heard as a stream.
LONGEST_CLIP = MEMORY + 5.0

_WINDOWS_AT_ONCE = 64
_SECONDS_AT_ONCE = 5.0  # any cutting gives the same segments; long blocks cost less


@dataclass(frozen=True)
class Finding:
    """A recording in a file."""

    recording: str  # its id
    title: str | None
    artist: str | None
    score: float
    accepted: bool  # by the threshold that the catalogue ships with
    start: float  # seconds in the file
    end: float  # seconds in the file
    reference_start: float  # seconds in the recording that sound at `start`
    tempo: float  # seconds of the recording for each second of the file


@dataclass(frozen=True)
class Answer:
    """What sounds in a file."""

    file: str
    seconds: float
    matches: tuple[Finding, ...]  # best first


def identify(path: Path, parts: Recogniser, everything: bool = False) -> Answer:
    """Hear a file of any length and say what sounds in it.

    Args:
        path: A file of any format that ffmpeg reads.
        parts: Model, catalogue and matcher; nothing in them is changed, so one set serves any number of files.
        everything: Give also what the threshold did not accept.

    Raises:
        Refused: The file cannot be read as sound.
    """
    cutter = parts.cutter()
    positions, embeddings = _embedded(path, parts, cutter)
    if not len(positions):
        found: list[Finding] = []
    elif cutter.seconds <= LONGEST_CLIP:
        found = [_of_match(match, parts) for match in parts.matcher.identify(positions, embeddings)]
    else:
        found = [_of_play(play, parts) for play in _plays(positions, embeddings, parts)]
    kept = sorted((f for f in found if f.accepted or everything), key=lambda f: -f.score)
    return Answer(file=str(path), seconds=round(cutter.seconds, 3), matches=tuple(kept))


def _embedded(path: Path, parts: Recogniser, cutter: Cutter) -> tuple[NDArray[np.float64], Embeddings]:
    """Embed all segments of a file that are not silent."""
    positions: list[float] = []
    embeddings: list[Embeddings] = [np.empty((0, parts.model.dimension), dtype=np.float32)]
    for batch in cutter.whole(replay.blocks(path, _SECONDS_AT_ONCE), _WINDOWS_AT_ONCE):
        heard = [segment for segment in batch if segment.level >= SILENT]
        positions += [segment.position for segment in heard]
        if heard:
            embeddings.append(parts.model.embed(log_mel(np.stack([segment.samples for segment in heard]))))
    return np.array(positions), np.concatenate(embeddings)


def _plays(positions: NDArray[np.float64], embeddings: Embeddings, parts: Recogniser) -> list[Play]:
    thresholds = parts.catalogue.thresholds
    plays = Plays(thresholds.accept, thresholds.candidate)
    ended: list[Play] = []
    parts.matcher.forget()
    for position, embedding in zip(positions.tolist(), embeddings, strict=True):
        ended += plays.hear(position, parts.matcher.hear(position, embedding))
    parts.matcher.forget()
    return ended + plays.finish()


def _of_match(match: Match, parts: Recogniser) -> Finding:
    accepted = match.believed(parts.catalogue.thresholds.accept)
    return _finding(match.recording, match, accepted, match.start, match.end, match.reference_start, parts)


def _of_play(play: Play, parts: Recogniser) -> Finding:
    accepted = play.status is Status.IDENTIFIED
    return _finding(play.recording, play.best, accepted, play.start, play.end, play.reference_start, parts)


def _finding(
    number: int,
    best: Match,
    accepted: bool,
    start: float,
    end: float,
    reference_start: float,
    parts: Recogniser,
) -> Finding:
    recording = parts.catalogue.recording(number)
    return Finding(
        recording=recording.id,
        title=recording.title,
        artist=recording.artist,
        score=round(best.score, 3),
        accepted=accepted,
        start=round(start, 2),
        end=round(end, 2),
        reference_start=round(reference_start, 2),
        tempo=best.tempo,
    )
