"""The box's account of an evening: the plays that it wrote into its log, and how far the platform has them."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from device.errors import Broken, Waiting
from device.record.event import Event
from device.record.log import EventLog
from device.record.reports import PlayReport

READ_AT_ONCE = 500  # events


@dataclass(frozen=True)
class Entry:
    """One play as the box wrote it down."""

    recording: str  # its id in the catalogue
    title: str
    identified: bool  # otherwise a candidate, which does not count
    start: float  # seconds in the evening
    end: float  # seconds in the evening
    reference_start: float  # seconds in the recording that sound at `start`
    score: float
    seq: int  # number of the event


@dataclass(frozen=True)
class Account:
    """All that a log says."""

    entries: tuple[Entry, ...] = ()  # as they were written
    head: int = 0  # number of the last event
    receipt: int = 0  # number of the last event that the platform has


class AccountReader:
    """Follows a log that another process writes."""

    def __init__(self, log: Path, evening_begins: datetime) -> None:
        """Begin with nothing read.

        Args:
            log: The box's log; it need not be there yet.
            evening_begins: The instant at which the evening's first sample sounded.
        """
        self._log = log
        self._begins = evening_begins
        self._entries: list[Entry] = []
        self._read = 0

    def read(self) -> Account:
        """Read what is new, and give all."""
        try:
            log = EventLog.read(self._log)
        except (Waiting, Broken):
            if self._read:
                raise
            return Account()  # not there, or just being made; if it is broken, the box itself says so
        with log:
            while new := log.events(self._read, READ_AT_ONCE):
                for stored in new:
                    event = stored.event
                    if isinstance(event.report, PlayReport):
                        self._entries.append(entry(event, event.report, self._begins))
                self._read = new[-1].seq
            receipt = log.receipt_through()
        return Account(tuple(self._entries), self._read, receipt)


def entry(event: Event, play: PlayReport, evening_begins: datetime) -> Entry:
    """Tell a play in the evening's own time."""
    return Entry(
        recording=play.recording.id,
        title=play.recording.title,
        identified=play.status == "identified",
        start=(play.start - evening_begins).total_seconds(),
        end=(play.end - evening_begins).total_seconds(),
        reference_start=play.reference_start,
        score=play.score,
        seq=event.seq,
    )
