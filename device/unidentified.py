"""Music that the catalogue does not know: its embeddings, so that the platform can match it against a larger one later.

Rules:
1. Only what the gate surely takes for music is told, and nothing that shares a moment with what it takes for speech.
2. Only what is surely not in the catalogue: sound that a match lies on, though it be too weak for a candidate, is left out.
3. One embedding a second, as int8; from an embedding no sound can be made. What is left out in between is zeros.
4. A stretch is told when it has ended, or lasted for five minutes. A power cut costs the one that is under way.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device import gate
from device.embedding import Embeddings, quantise
from device.features import PARAMETERS
from device.match.match import Match
from device.match.matcher import MEMORY
from device.recogniser import QUERY_HOP, Recogniser

SURE = 0.9  # probability of music; the gate says so of 3 in 100 stretches of a voice at a far lower one
LEAST = 15.0  # seconds of such music that a stretch must have
GAP = 10.0  # seconds without any after which a stretch has ended
LONGEST = 300.0  # seconds
EVERY = 1.0  # seconds from one embedding to the next
DOUBT = 0.5  # of a candidate's score, from which a match is a reason to tell nothing


@dataclass(frozen=True, eq=False)
class Stretch:
    """Unknown music, from-until."""

    start: float  # seconds in the stream
    end: float  # seconds in the stream
    heard: float  # seconds of it in which it was surely unknown music
    hop: float  # seconds from one embedding to the next; the first starts at `start`
    embeddings: NDArray[np.int8]  # (n, dimension); zeros where something was left out


@dataclass
class _Heard:
    """A window that waits until no match can lie on it any more."""

    position: float
    embedding: Embeddings
    tellable: bool  # surely music, and nothing spoken in it


class Unidentified:
    """Follows unknown music."""

    def __init__(self, hop: float, window: float, candidate: float) -> None:
        """Begin.

        Args:
            hop: Seconds from one window to the next.
            window: Seconds in a window.
            candidate: The score from which a match is worth telling.
        """
        self._hop = hop
        self._window = window
        self._doubt = DOUBT * candidate
        self._waiting: deque[_Heard] = deque()
        self._unspoken_from = 0.0  # no window that starts before this is told: somebody spoke in it
        self._told: list[_Heard] = []  # of the stretch under way

    @classmethod
    def following(cls, parts: Recogniser) -> Self | None:
        """Begin for what recognises; None where it has no gate: nobody may then tell what is no speech."""
        if parts.gate is None:
            return None
        return cls(QUERY_HOP, PARAMETERS.seconds, parts.catalogue.thresholds.candidate)

    def hear(
        self, position: float, embedding: Embeddings, sounds: gate.Heard, matches: Sequence[Match]
    ) -> None:
        """Take a window and what was made of it.

        Args:
            position: Seconds in the stream at which it starts.
            embedding: (dimension,).
            sounds: What the gate takes it for.
            matches: What was matched in the seconds up to it.
        """
        if sounds.is_speech:
            self._unspoken_from = position + self._window
            self._spoil(position - self._window, position + self._window)
        for match in matches:
            if match.score >= self._doubt:
                self._spoil(match.start - self._window, match.end)
        tellable = sounds.music >= SURE and position >= self._unspoken_from
        self._waiting.append(_Heard(position, embedding, tellable))

    def go_by(self, position: float) -> list[Stretch]:
        """Let time pass up to a position, and give the stretches that have ended."""
        ended: list[Stretch] = []
        while self._waiting and self._waiting[0].position < position - MEMORY - self._window:
            ended += self._take(self._waiting.popleft())
        if self._told and position - self._told[-1].position > GAP + MEMORY + self._window:
            ended += self._end()
        return ended

    def finish(self) -> list[Stretch]:
        """Give what was under way when the sound ended."""
        ended = [stretch for heard in self._waiting for stretch in self._take(heard)]
        self._waiting.clear()
        return ended + self._end()

    def _spoil(self, after: float, before: float) -> None:
        for heard in self._waiting:
            if after < heard.position < before:
                heard.tellable = False

    def _take(self, heard: _Heard) -> list[Stretch]:
        if not heard.tellable:
            return []
        ended: list[Stretch] = []
        if self._told and (
            heard.position - self._told[-1].position > GAP
            or heard.position - self._told[0].position >= LONGEST
        ):
            ended = self._end()
        self._told.append(heard)
        return ended

    def _end(self) -> list[Stretch]:
        told, self._told = self._told, []
        seconds = len(told) * self._hop
        if seconds < LEAST:
            return []
        start, last = told[0].position, told[-1].position
        rows = np.zeros((int((last - start) / EVERY) + 1, len(told[0].embedding)), dtype=np.int8)
        for heard in told:
            row, off = divmod(heard.position - start + 1e-6, EVERY)
            if off < self._hop / 2:
                rows[int(row)] = quantise(heard.embedding)
        return [Stretch(start, last + self._window, seconds, EVERY, rows)]
