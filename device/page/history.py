"""What was heard in a stretch of time, as the log has it, each time corrected where a later event says so.

A signed event is never rewritten. Where the clock was wrong, a `correction` names the numbers and by how much, and
whoever shows a time adds it: so does the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from device.errors import Refused
from device.page import skim
from device.page.skim import Boot, Coverage, Incident, Play
from device.page.stretch import Stretch
from device.record.log_reader import LogReader, Stored
from device.record.reports import BootReport, CorrectionReport, CoverageReport, IncidentReport, PlayReport

# An event is written when what it tells of is over: a play some half minute after its end, and no play is longer
# than this; nor is a period in which no microphone was there.
LONGEST = timedelta(hours=24)

_MOST_CORRECTIONS = 1_000  # a clock that needed more is beyond mending

Told = TypeVar("Told", Play, Coverage, Incident, Boot)


@dataclass(frozen=True)
class Entry(Generic[Told]):
    """An event of the log, as it is shown."""

    seq: int
    written: datetime  # UTC, corrected
    told: Told


@dataclass(frozen=True)
class Correction:
    """The times of these events are off."""

    first: int  # seq
    last: int  # seq
    by: timedelta  # to be added


class History:
    """A log, read by time."""

    def __init__(self, log: LogReader) -> None:
        """Read the corrections; the log stays open as long as this is used."""
        self._log = log
        self._corrections = _corrections(log)

    def plays(self, stretch: Stretch) -> list[Entry[Play]]:
        """Give the plays that began in a stretch, in the order in which they began."""
        found = [
            Entry(row.seq, _time(row) + by, play.later(by) if by else play)
            for row, by in self._written(PlayReport, stretch, LONGEST)
            if (play := skim.skim(row, Play))
        ]
        return sorted((p for p in found if stretch.holds(p.told.start)), key=lambda p: (p.told.start, p.seq))

    def coverage(self, stretch: Stretch) -> list[Entry[Coverage]]:
        """Give the periods that overlap a stretch."""
        found = [
            Entry(row.seq, _time(row) + by, period.later(by) if by else period)
            for row, by in self._written(CoverageReport, stretch, LONGEST)
            if (period := skim.skim(row, Coverage))
        ]
        return [p for p in found if p.told.start < stretch.end and p.told.end > stretch.start]

    def incidents(self, stretch: Stretch) -> list[Entry[Incident]]:
        """Give the incidents of a stretch, oldest first."""
        return [
            Entry(row.seq, _time(row) + by, incident)
            for row, by in self._written(IncidentReport, stretch, timedelta())
            if (incident := skim.skim(row, Incident))
        ]

    def last_play(self) -> Entry[Play] | None:
        """Give the play that was written last."""
        for row in self._log.latest(PlayReport, 1):
            play, by = skim.skim(row, Play), self._correction(row.seq)
            if play:
                return Entry(row.seq, _time(row) + by, play.later(by))
        return None

    def last_boot(self) -> Entry[Boot] | None:
        """Give the last start of the box."""
        for row in self._log.latest(BootReport, 1):
            if boot := skim.skim(row, Boot):
                return Entry(row.seq, _time(row) + self._correction(row.seq), boot)
        return None

    def _written(
        self,
        kind: type[PlayReport | CoverageReport | IncidentReport],
        stretch: Stretch,
        longest: timedelta,
    ) -> Iterator[tuple[Stored, timedelta]]:
        """Find the events that may tell of a stretch, a day at a time, so that a month needs no month's memory.

        They are looked up by the time they were signed with, once for each amount by which times are off.
        """
        for by in sorted({timedelta(), *(correction.by for correction in self._corrections)}):
            start, end = stretch.start - by, stretch.end + longest - by
            while start < end:
                until = min(end, start + timedelta(days=1))
                for row in self._log.written(kind, start, until):
                    if self._correction(row.seq) == by:
                        yield row, by
                start = until

    def _correction(self, seq: int) -> timedelta:
        """Say by how much an event's times are off; of several corrections the last one knew best."""
        for correction in self._corrections:
            if correction.first <= seq <= correction.last:
                return correction.by
        return timedelta()


def _corrections(log: LogReader) -> list[Correction]:
    """Read the corrections, newest first."""
    found = []
    for row in log.latest(CorrectionReport, _MOST_CORRECTIONS):
        try:
            report = row.event.report
        except Refused:
            continue  # a damaged row; `estu verify` names it
        if isinstance(report, CorrectionReport):
            by = timedelta(milliseconds=report.offset_ms)
            found.append(Correction(report.corrects.from_, report.corrects.to, by))
    return found


def _time(row: Stored) -> datetime:
    return datetime.fromisoformat(row.time)
