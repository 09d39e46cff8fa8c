"""When matches make one play, and when it ends.

The matcher looks at the last seconds again and again, so one performance gives many matches. They are one
play as long as they continue one line through the recording, or through another release of the same sound: a
recording that starts again from its begin is another play. Two versions of one piece resemble what is heard in turn, and are
one play too; two recordings that sound at once are two, and are known by it that both were believed of the same seconds.
Nothing is dropped for being short: what never reached the threshold of acceptance, but
that of a candidate, ends as a candidate.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from device.match.match import Match, RunnerUp
from device.span import Span, common_seconds, joined

# Seconds without a match after which a play has ended. A quiet bar, or a scene of dialogue over the music, must not
# cut it in two, or it would be counted twice; a match after a pause still has to lie where the play would be by now.
PAUSE = 30.0
# Seconds by which a match may leave the line of its play; a jump further than this is another play.
SLACK = 3.0
# A match that a play of its own recording covers by more than this part belongs to that play, whatever its line:
# music that repeats itself lies on several.
SAME = 0.5
# A candidate that an identified play covers by more than this part is that play's shadow.
SHADOW = 0.5
# Identified plays that have more than this part of the shorter in common are versions of one piece, unless the matcher ever
# believed both at once.
VERSIONS = 0.5
# A match lies beside another if they have more than this part of the longer in common.
BESIDE = 0.5


class Status(StrEnum):
    """How sure a play is."""

    IDENTIFIED = "identified"
    CANDIDATE = "candidate"


@dataclass(frozen=True)
class Play:
    """One recording heard from-until."""

    recording: int  # number in the catalogue
    status: Status
    spans: tuple[Span, ...]  # where it was heard, in order, apart by more than `span.JOIN`
    reference_start: float  # seconds in the reference at the play's start
    best: Match  # the match with the highest score: the play's evidence
    unheard: float = 0.0  # seconds after its end in which nobody listened, so that they are no pause
    versions: tuple[
        int, ...
    ] = ()  # other recordings of the piece that were heard in it, by turns with this one
    beside: tuple[
        int, ...
    ] = ()  # recordings that were believed at the same time: other music that sounds as well

    @property
    def start(self) -> float:
        """Seconds in the stream."""
        return self.spans[0].start

    @property
    def end(self) -> float:
        """Seconds in the stream."""
        return self.spans[-1].end

    @property
    def seconds_heard(self) -> float:
        """Seconds in which the recording was heard, pauses left out."""
        return sum(span.seconds for span in self.spans)

    @property
    def runner_up(self) -> RunnerUp | None:
        """The best other recording at the time of the best match."""
        return self.best.runner_up

    @property
    def names(self) -> frozenset[int]:
        """The recordings that it may be."""
        return frozenset((self.recording, *self.best.alternatives, *self.versions))

    def continued_by(self, match: Match, accepted: bool, beside: tuple[int, ...] = ()) -> "Play":
        """Add a match that belongs to the play.

        Args:
            match: A match that the play expects.
            accepted: It makes the play identified.
            beside: The recordings that were believed beside it.
        """
        best = max(self.best, match, key=lambda m: m.score)
        spans = joined(self.spans, Span(match.start, match.end))
        reference_start = self.reference_start
        if best.recording != self.recording:  # another release of the same sound, on which it lies better
            reference_start = float(best.times(np.array([spans[0].start]))[0])
        elif match.recording == self.recording and match.start < self.start:
            reference_start = match.reference_start
        return replace(
            self,
            recording=best.recording,
            status=Status.IDENTIFIED if accepted else self.status,
            spans=spans,
            reference_start=reference_start,
            best=best,
            unheard=0.0,
            versions=_others((*self.versions, self.recording), best) if self.versions else (),
            beside=_others({*self.beside, *beside} - self.names, best),
        )

    def is_version_of(self, other: "Play") -> bool:
        """Tell whether two plays are one performance that resembles two recordings of a piece."""
        if self.status is not Status.IDENTIFIED or other.status is not Status.IDENTIFIED:
            return False
        if self.names & {*other.beside} or other.names & {*self.beside}:
            return False
        return common_seconds(self.spans, other.spans) > VERSIONS * min(
            self.seconds_heard, other.seconds_heard
        )

    def united_with(self, other: "Play") -> "Play":
        """Make one play of two versions: the one that fits best is told, and the other is its runner-up."""
        told, less = (self, other) if self.best.score >= other.best.score else (other, self)
        spans = told.spans
        for span in less.spans:
            spans = joined(spans, span)
        reference_start = told.reference_start
        if spans[0].start < told.start:
            reference_start = float(told.best.times(np.array([spans[0].start]))[0])
        best = told.best
        if less.recording not in (told.recording, *best.alternatives):
            best = replace(best, runner_up=RunnerUp(less.recording, less.best.score))
        return replace(
            told,
            spans=spans,
            reference_start=reference_start,
            best=best,
            unheard=min(told.unheard, less.unheard),
            versions=_others((*told.versions, *less.names), best),
            beside=_others((*told.beside, *less.beside), best),
        )

    def over(self, position: float) -> bool:
        """Tell whether the pause after it has grown too long at a position."""
        return position > self.end + self.unheard + PAUSE

    def moved(self, seconds: float) -> "Play":
        """Give the same play on a stream that began so many seconds earlier, and that nobody heard before its 0."""
        spans = tuple(Span(span.start + seconds, span.end + seconds) for span in self.spans)
        best = replace(self.best, start=self.best.start + seconds, end=self.best.end + seconds)
        return replace(self, spans=spans, best=best, unheard=max(0.0, -spans[-1].end))

    def renumbered(self, number_of: Callable[[int], int | None]) -> "Play | None":
        """Give the same play in another catalogue, None if its recording is not there."""
        best = self.best.renumbered(number_of)
        if best is None:
            return None
        versions, beside = (
            tuple(new for number in numbers if (new := number_of(number)) is not None)
            for numbers in (self.versions, self.beside)
        )
        return replace(self, recording=best.recording, best=best, versions=versions, beside=beside)

    def expects(self, match: Match) -> bool:
        """Tell whether a match continues this play: on its line through the recording, or while it sounds."""
        if match.recording not in self.names or self.over(match.start):
            return False
        if min(match.end, self.end) - max(match.start, self.start) > SAME * match.seconds:
            return True
        expected = self.best.reference_start + (match.start - self.best.start) * self.best.tempo
        drift = abs(match.start - self.best.start) * 0.01  # tempos are known to 1 %
        return abs(match.reference_start - expected) <= SLACK + drift


class Plays:
    """Follows the plays that are under way."""

    def __init__(self, accept: float, candidate: float) -> None:
        """Set the thresholds.

        Args:
            accept: The score from which a match makes a play identified.
            candidate: The score from which it is worth telling at all.
        """
        self._accept = accept
        self._candidate = candidate
        self._open: list[Play] = []

    def go_on(self, plays: Iterable[Play]) -> None:
        """Take up plays that were under way in another run of the service."""
        self._open.extend(plays)

    @property
    def sounding(self) -> tuple[Play, ...]:
        """The plays that have not ended yet, the unsure included."""
        return tuple(self._open)

    def change(
        self, accept: float, candidate: float, number_of: Callable[[int], int | None]
    ) -> tuple[list[Play], list[Play]]:
        """Take another catalogue's thresholds and numbers.

        Args:
            accept: The score from which a match makes a play identified.
            candidate: The score from which it is worth telling at all.
            number_of: The number that a recording has there; None: it has none.

        Returns:
            The plays that end because the other catalogue does not have them, in the former numbers; and those that go on,
            in the new ones.
        """
        ended = self._close(lambda play: play.renumbered(number_of) is None)
        self._open = [new for play in self._open if (new := play.renumbered(number_of)) is not None]
        self._accept, self._candidate = accept, candidate
        return ended, list(self._open)

    def hear(self, position: float, matches: list[Match]) -> list[Play]:
        """Take what the matcher says at a position and give the plays that have ended.

        Args:
            position: Seconds in the stream of the latest window.
            matches: What was matched in the seconds up to it.
        """
        for match in matches:
            # The matcher remembers longer than a pause lasts: what ended before it opens no play again.
            if match.score >= self._candidate and match.end + PAUSE >= position:
                self._take(match, matches)
        return self._close(lambda play: play.over(position))

    def finish(self) -> list[Play]:
        """Give the plays that were under way when the sound ended."""
        return self._close(lambda _: True)

    def _take(self, match: Match, matches: list[Match]) -> None:
        accepted = match.believed(self._accept)
        beside = self._believed_beside(match, matches) if accepted else ()
        for number, play in enumerate(self._open):
            if play.expects(match):
                self._open[number] = play.continued_by(match, accepted, beside)
                return
        status = Status.IDENTIFIED if accepted else Status.CANDIDATE
        span = Span(match.start, match.end)
        play = Play(match.recording, status, (span,), match.reference_start, match, beside=beside)
        self._open.append(play)

    def _believed_beside(self, match: Match, matches: list[Match]) -> tuple[int, ...]:
        """Give the other recordings that the matcher believes of the same seconds."""
        return tuple(
            other.recording
            for other in matches
            if other.recording not in (match.recording, *match.alternatives)
            and other.believed(self._accept)
            and min(match.end, other.end) - max(match.start, other.start)
            > BESIDE * max(match.seconds, other.seconds)
        )

    def _close(self, ends: Callable[[Play], bool]) -> list[Play]:
        """Take out and give the plays that end; a version that goes on takes the other with it."""
        for play in tuple(self._open):
            if ends(play) and any(play is one for one in self._open):
                self._unite(play)
        ended = [play for play in self._open if ends(play)]
        identified = [play for play in self._open if play.status is Status.IDENTIFIED]
        told = [play for play in ended if not any(_shadows(play, other) for other in identified)]
        self._open = [play for play in self._open if play not in ended]
        return sorted(told, key=lambda play: play.start)

    def _unite(self, play: Play) -> None:
        """Make one of a play and its versions under way."""
        while version := next(
            (one for one in self._open if one is not play and one.is_version_of(play)), None
        ):
            united = version.united_with(play)
            self._open = [united if one is version else one for one in self._open if one is not play]
            play = united


def _shadows(play: Play, identified: Play) -> bool:
    """Tell whether an unsure play is only what an identified one looks like to the matcher."""
    if play.status is Status.IDENTIFIED:
        return False
    together = min(play.end, identified.end) - max(play.start, identified.start)
    return together > SHADOW * (play.end - play.start)


def _others(numbers: Iterable[int], best: Match) -> tuple[int, ...]:
    """Give the recordings that are not the best match's, each once."""
    return tuple(sorted({*numbers} - {best.recording}))
