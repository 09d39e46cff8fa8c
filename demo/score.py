"""Compares what sounded with what the box wrote down.

Rules:

- A known piece is found if an identified play of its recording overlaps it.
- A false play is an identified play of a recording that did not sound then; the hall's echo is given
  `ECHO` seconds after a piece's end.
- Candidates count for neither: they say "maybe".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from demo.account import Entry
from demo.evening import Kind, Scene

ECHO = 5.0  # seconds
MUST_BE_FOUND = 15.0  # seconds from which on a known piece may not be missed


@dataclass(frozen=True)
class Finding:
    """What became of one known piece that sounded."""

    scene: Scene
    plays: tuple[Entry, ...]  # identified plays of it, by their start; empty if it was missed

    @property
    def found(self) -> bool:
        """Whether the box named it."""
        return bool(self.plays)

    @property
    def best(self) -> Entry | None:
        """The longest of the plays."""
        return max(self.plays, key=lambda play: play.end - play.start, default=None)

    @property
    def seconds_heard(self) -> float:
        """How much of the time some play covers; where two overlap it counts once."""
        heard, until = 0.0, float("-inf")
        for play in self.plays:
            heard += max(0.0, play.end - max(play.start, until))
            until = max(until, play.end)
        return heard

    @property
    def seconds_off(self) -> float | None:
        """By how much the longest play is wrong about the position in the piece; None if it was missed.

        Music repeats itself: a position can be wrong, and sound right.
        """
        if self.best is None:
            return None
        return self.best.reference_start - (self.scene.piece_start + self.best.start - self.scene.start)


@dataclass(frozen=True)
class Score:
    """The comparison of an evening."""

    findings: tuple[Finding, ...]
    false_plays: tuple[Entry, ...]

    @property
    def known(self) -> int:
        """How many known pieces sounded."""
        return len(self.findings)

    @property
    def found(self) -> int:
        """How many of them the box named."""
        return sum(finding.found for finding in self.findings)

    @property
    def missed(self) -> tuple[Scene, ...]:
        """Which of them it did not name."""
        return tuple(finding.scene for finding in self.findings if not finding.found)

    @property
    def good(self) -> bool:
        """Whether nothing false was written, and nothing missed that sounded long enough."""
        return not self.false_plays and all(scene.seconds < MUST_BE_FOUND for scene in self.missed)


def score(scenes: Iterable[Scene], account: Sequence[Entry]) -> Score:
    """Compare the truth with the account.

    Args:
        scenes: What sounded, in any order.
        account: The plays the box wrote down, in any order.
    """
    known = [scene for scene in scenes if scene.kind is Kind.KNOWN]
    plays = sorted((play for play in account if play.identified), key=lambda play: play.start)
    findings = tuple(Finding(scene, tuple(p for p in plays if is_of(p, scene))) for scene in known)
    false = tuple(play for play in plays if not any(is_of(play, scene) for scene in known))
    return Score(findings, false)


def is_of(play: Entry, scene: Scene) -> bool:
    """Tell whether a play is an account of a scene."""
    same = scene.piece is not None and scene.piece.recording == play.recording
    return same and play.start < scene.end + ECHO and play.end > scene.start
