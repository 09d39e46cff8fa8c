"""What was heard becomes what is reported: values of the stream turned into signed events of the log.

Everything before this stage counts in seconds of the stream; everything after it in the time of the wall.
"""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from device import spelling
from device.catalogue.catalogue import Catalogue
from device.catalogue.thresholds import Thresholds
from device.coverage import Coverage
from device.hearing import Sounding
from device.host.clock import Clock, Instant
from device.match.chance import Chance
from device.match.match import RunnerUp
from device.play import Play
from device.record import limits, reports
from device.record.log import EventLog
from device.sound.segments import Segment
from device.trouble import Trouble
from device.under_way import UnderWay, take_up
from device.unidentified import Stretch

_journal = logging.getLogger("estu.listen")

# Delivered events are kept this long; undelivered ones for ever.
KEPT = timedelta(days=400)

# Seconds of levels kept. A play that is longer is told the level of its last hours.
LEVELS_KEPT = 4 * 3600.0


class Account:
    """Writes events about one stream of sound into the log."""

    def __init__(
        self,
        log: EventLog,
        clock: Clock,
        catalogue: Catalogue,
        model: str,
        thresholds: Thresholds,
        chance: Chance | None = None,
    ) -> None:
        """Join the log with what every event names.

        Args:
            log: Where events are appended.
            clock: Asked when an event is written, never in between.
            catalogue: The references; its digest and its recordings' names stand in the events.
            model: Hex SHA-256 of the embedding model.
            thresholds: What a score had to reach.
            chance: How often unknown sound reaches a score; None where nobody measured.
        """
        self._log = log
        self._clock = clock
        self._catalogue = catalogue
        self._model = model
        self._thresholds = thresholds
        self._chance = chance
        self._stream_began = clock.now().monotonic
        self._levels: deque[tuple[float, float]] = deque()

    @property
    def trouble(self) -> Trouble | None:
        """Why events wait in memory; None while all are written."""
        return None if self._log.trouble is None else Trouble.of(self._log.trouble)

    def anchor(self, position: float, monotonic: float) -> None:
        """Say when a position of the stream sounded; sound cards drift, so this is said with every block.

        Args:
            position: Seconds in the stream.
            monotonic: Seconds on the machine's monotonic clock.
        """
        self._stream_began = monotonic - position

    def level(self, segment: Segment) -> None:
        """Note how loud a segment was."""
        self._levels.append((segment.position, segment.level))
        while self._levels[0][0] < segment.position - LEVELS_KEPT:
            self._levels.popleft()

    def play(self, play: Play) -> None:
        """Report a play that has ended."""
        now = self._clock.now()
        self._log.append(self._play(play, now), now)

    def unidentified(self, stretch: Stretch) -> None:
        """Report music that the catalogue does not know."""
        now = self._clock.now()
        report = reports.UnidentifiedReport(
            start=self._utc(now, stretch.start),
            end=self._utc(now, stretch.end),
            start_monotonic=self._monotonic(stretch.start),
            end_monotonic=self._monotonic(stretch.end),
            seconds_heard=stretch.heard,
            hop=stretch.hop,
            dimension=stretch.embeddings.shape[1],
            embeddings=stretch.embeddings.tobytes(),
            model=self._model,
            catalogue=self._catalogue.digest,
            level_dbfs=self._level(stretch.start, stretch.end),
            snr_db=None,
        )
        self._log.append(report, now)

    def coverage(self, coverage: Coverage) -> None:
        """Report what could be heard in a period, and let go of delivered events that were kept long enough."""
        now = self._clock.now()
        self._log.append(self._coverage(coverage, now), now)
        if now.state == "synchronised":  # a clock that is years ahead must not empty the log
            self._log.forget(now.utc - KEPT, now)

    def incident(self, code: str, sentence: str, detail: Mapping[str, Any]) -> None:
        """Report something that bears on what could be heard.

        Args:
            code: Short and stable, such as `microphone-lost`.
            sentence: What happened, in English.
            detail: What else is known of it.
        """
        self._log.append(reports.IncidentReport(code, sentence, dict(detail)), self._clock.now())
        _journal.warning("%s", sentence, extra={"ESTU_INCIDENT": code})

    def change_catalogue(
        self, catalogue: Catalogue, model: str, thresholds: Thresholds, chance: Chance | None = None
    ) -> None:
        """Go on with another catalogue, and put on record that it changed.

        Args:
            catalogue: The references that numbers mean from now on.
            model: Hex SHA-256 of the embedding model.
            thresholds: What a score has to reach.
            chance: How often unknown sound reaches a score; None where nobody measured.
        """
        changed = [
            (what, before, after)
            for what, before, after in (
                ("catalogue", self._catalogue.digest, catalogue.digest),
                ("model", self._model, model),
            )
            if before != after
        ]
        self._catalogue, self._model, self._thresholds = catalogue, model, thresholds
        self._chance = chance
        for what, before, after in changed:
            text = f"The {what} was replaced by another one while the box listened."
            self.incident(f"{what}-changed", text, {"before": before, "after": after})

    def sounding(self, plays: Sequence[Play]) -> tuple[Sounding, ...]:
        """Name the plays that are under way."""
        now = self._clock.now()
        return tuple(self._sounding(play, now) for play in plays)

    def under_way(self, plays: Sequence[Play], coverage: Coverage) -> UnderWay:
        """Give what would be reported if the power failed now.

        Args:
            plays: Those under way.
            coverage: The account of the period so far.
        """
        now = self._clock.now()
        head = self._log.head()
        return UnderWay(
            at=now,
            head=head.seq if head else 0,
            model=self._model,
            catalogue=self._catalogue.digest,
            stream_began=self._stream_began,
            plays=tuple(plays),
            reports=tuple(self._play(play, now) for play in plays),
            coverage=self._coverage(coverage, now),
        )

    def take_up(self, kept: UnderWay) -> tuple[Play, ...]:
        """Tell what was under way when the service ended, and give the plays that go on."""
        now = self._clock.now()
        going_on = take_up(kept, self._log, now, self._model, self._catalogue.digest)
        later = kept.stream_began - self._stream_began
        plays = []
        for number in going_on:
            play = kept.plays[number].moved(later)
            plays.append(play)
            seconds = np.arange(play.start, play.end, 1.0)
            self._levels.extend((float(at), kept.reports[number].level_dbfs) for at in seconds)
        self._levels = deque(sorted(self._levels))
        return tuple(plays)

    def _play(self, play: Play, now: Instant) -> reports.PlayReport:
        recording = self._catalogue.recording(play.recording)
        best = play.best
        alternatives = best.alternatives[: limits.ALTERNATIVES]
        return reports.PlayReport(
            status=play.status.value,
            kind=recording.kind,
            recording=spelling.name(recording),
            alternatives=tuple(spelling.name(self._catalogue.recording(one)) for one in alternatives),
            works=tuple(spelling.work(work) for work in recording.works),
            start=self._utc(now, play.start),
            end=self._utc(now, play.end),
            start_monotonic=self._monotonic(play.start),
            end_monotonic=self._monotonic(play.end),
            seconds_heard=play.seconds_heard,
            spans=tuple((span.start - play.start, span.end - play.start) for span in play.spans),
            reference_start=play.reference_start,
            tempo=best.tempo,
            score=best.score,
            threshold=self._thresholds.accept,
            false_alarms=self._chance.per_hour(best.score) if self._chance else None,
            runner_up=self._runner_up(play.runner_up),
            margin=best.margin,
            windows=best.windows,
            windows_agreeing=best.agreeing,
            groups_agreeing=best.groups,
            evidence=tuple(spelling.window(one, play.start) for one in best.evidence[: limits.WINDOWS]),
            model=self._model,
            catalogue=self._catalogue.digest,
            level_dbfs=self._level(play.start, play.end),
            snr_db=None,
            ai_generated=recording.ai_generated,
        )

    def _coverage(self, coverage: Coverage, now: Instant) -> reports.CoverageReport:
        level = coverage.level
        return reports.CoverageReport(
            start=self._utc(now, coverage.start),
            end=self._utc(now, coverage.end),
            seconds=reports.CoverageSeconds(
                listened=coverage.listened,
                identified=coverage.identified,
                silent=coverage.silent,
                lost=coverage.lost,
                deaf=coverage.deaf,
                muted=coverage.muted,
                covered=coverage.covered,
                music=coverage.music,
                speech=coverage.speech,
            ),
            level=reports.CoverageLevel(level.p10, level.p50, level.p90) if level else None,
            model=self._model,
            catalogue=self._catalogue.digest,
        )

    def _sounding(self, play: Play, now: Instant) -> Sounding:
        recording = self._catalogue.recording(play.recording)
        return Sounding(
            recording=recording.id,
            title=recording.title or recording.id,
            artist=recording.artist,
            since=self._utc(now, play.start),
            status=play.status.value,
        )

    def _monotonic(self, position: float) -> float:
        return self._stream_began + position

    def _utc(self, now: Instant, position: float) -> datetime:
        return now.at(self._monotonic(position))

    def _level(self, start: float, end: float) -> float:
        """Mean power over a stretch, in dBFS."""
        levels = [level for position, level in self._levels if start <= position <= end]
        power = np.mean(10.0 ** (np.array(levels or [-120.0]) / 10))
        return float(10 * np.log10(power))

    def _runner_up(self, runner_up: RunnerUp | None) -> reports.RunnerUp | None:
        if runner_up is None:
            return None
        return reports.RunnerUp(self._catalogue.recording(runner_up.recording).id, runner_up.score)
