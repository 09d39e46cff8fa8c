"""The log as `estu listen` uses it: it takes every event, whatever the card does.

Rules:
- An event that cannot be written now waits in memory, in its order and with its own time, until there is room. Only
  memory's bound lets one go, and what went is counted and told.
- While anything waits, `trouble` says why; when nothing waits any more, an incident `log-full` says what happened.
- Room is looked after before it is needed: see `room.py`.
- A log that turns out to be damaged is taken over into another file at once; the event then goes there.
"""

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from device.errors import Broken, EstuError, Refused, Waiting
from device.host.clock import Instant
from device.record import limits, suspicion
from device.record.link import START, Link
from device.record.log import EventLog
from device.record.log_file import errors_named
from device.record.reports import IncidentReport, Report, UnidentifiedReport
from device.record.room import Room
from device.record.signature import Signer

log_of_service = logging.getLogger("estu.listen")

_HOLDS = {"disk-full", "log-busy", "log-disk"}  # may pass; the event waits
_LOOKS_EVERY = 60.0  # seconds between looks at the room and at what `estu sync` found
_FULL = Waiting(
    "disk-full",
    "The card is full, and what is heard waits in memory.",
    "Let the box reach the platform, so that old events can go, or give it a larger card.",
)


@dataclass
class _Shortage:
    """A time during which events waited."""

    since: datetime
    waited: int = 0
    lost: int = 0


class PatientLog(EventLog):
    """The log, for a process that must not end because of it."""

    _path: Path  # as the settings name it
    _box: str
    _room: Room
    _waiting: deque[tuple[Report, Instant]]
    _last: Link = START  # where the last event came to stand
    _shortage: _Shortage | None = None
    _looked: float | None = None  # monotonic seconds

    @classmethod
    def open(cls, path: Path, box: str, signer: Signer, room: Room | None = None) -> Self:
        """Open the log as `EventLog.open` does.

        Args:
            path: The file; its folder exists.
            box: The name of this box.
            signer: Signs the events.
            room: The card; the one under the log's folder if not given.

        Raises:
            Broken: It is no log, or is another box's.
            Waiting: Another program holds the file, or the card has no room at all.
        """
        room = room or Room(path)
        try:
            log = super().open(path, box, signer)
        except Waiting as waiting:
            if waiting.code != "disk-full" or not room.give_up_reserve():
                raise
            log = super().open(path, box, signer)
        log._path, log._box, log._room, log._waiting = path, box, room, deque()
        return log

    @property
    def held(self) -> int:
        """How many events wait in memory."""
        return len(self._waiting)

    def append(self, report: Report, at: Instant) -> Link:
        """Write an event, or keep it until it can be written.

        Returns:
            The place of the last event written; one that waits has none yet.

        Raises:
            Refused: The report does not fit the contract.
            Broken: The log cannot be used at all.
        """
        self._hold(report, at)
        try:
            self._look_after(at)
        except Broken as broken:
            if broken.code != "log-corrupt":
                raise
            suspicion.leave(self._path, broken.message)  # and is followed when the event is written
        self._catch_up(at)
        return self._last

    def forget(self, before: datetime, at: Instant) -> int:
        """Let go of delivered events; where the card takes nothing, later."""
        try:
            return super().forget(before, at)
        except Waiting as waiting:
            log_of_service.warning("%s", waiting)
        except Broken as broken:
            if broken.code != "log-corrupt":
                raise
            suspicion.leave(self._path, broken.message)
        return 0

    def close(self) -> None:
        """Close the file; what still waits then is lost, and said to be in the service's log."""
        if self.held:
            log_of_service.error("%s events waited in memory for room on the card, and are lost.", self.held)
        super().close()

    def _look_after(self, at: Instant) -> None:
        """Once a minute: make room, and look at what `estu sync` found damaged."""
        if self._looked is not None and 0.0 <= at.monotonic - self._looked < _LOOKS_EVERY:
            return
        self._looked = at.monotonic
        if suspicion.read(self._path) is not None:
            try:
                self._take_over()
            except Waiting as waiting:
                log_of_service.warning("%s", waiting)
        self._room.keep_reserve()
        while self._room.is_low(self.room_inside()) and self.forget_delivered(at):
            log_of_service.warning("The card is nearly full: delivered events go before their time.")

    def _hold(self, report: Report, at: Instant) -> None:
        vectors = sum(len(r.embeddings) for r, _ in self._waiting if isinstance(r, UnidentifiedReport))
        if len(self._waiting) < limits.HELD_EVENTS and vectors < limits.HELD_BYTES:
            self._waiting.append((report, at))
        elif self._shortage is not None:
            self._shortage.lost += 1

    def _catch_up(self, now: Instant) -> None:
        while self._waiting:
            report, at = self._waiting[0]
            try:
                self._write_or_make_room(report, at, now)
            except Refused:
                self._waiting.popleft()
                raise
            except (Waiting, Broken) as error:
                if error.code not in _HOLDS:
                    raise
                self._note_shortage(error, now)
                return
            self._waiting.popleft()
        self._end_shortage(now)

    def _write_or_make_room(self, report: Report, at: Instant, now: Instant) -> None:
        try:
            self._write_if_room(report, at)
        except Broken as broken:
            if broken.code != "log-corrupt":
                raise
            suspicion.leave(self._path, broken.message)
            self._take_over()
            self._write_if_room(report, at)
        except Waiting as waiting:
            if waiting.code != "disk-full" or not (
                self._room.give_up_reserve() or self.forget_delivered(now)
            ):
                raise
            log_of_service.warning("The card is full: the reserve is used.")
            self._write_if_room(report, at)

    def _write_if_room(self, report: Report, at: Instant) -> None:
        if self._room.is_none(self.room_inside()):
            self._write_back()
            if self._room.is_none(self.room_inside()):
                raise _FULL
        self._last = super().append(report, at)

    def _write_back(self) -> None:
        """Let the write-ahead log's bytes go: what is in it moves to where room was made inside."""
        with errors_named(self.path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _note_shortage(self, error: EstuError, now: Instant) -> None:
        if self._shortage is None:
            self._shortage = _Shortage(now.utc)
            log_of_service.error("%s", error)
        self._shortage.waited = max(self._shortage.waited, len(self._waiting))
        self.trouble = error

    def _end_shortage(self, now: Instant) -> None:
        shortage = self._shortage
        if shortage is None:
            return
        self._shortage, self.trouble = None, None
        text = (
            f"From {shortage.since:%Y-%m-%d %H:%M:%S} UTC the card took nothing: {shortage.waited} events waited in "
            f"memory and stand before this one, {shortage.lost} did not fit there and are lost."
        )
        detail = {"waited": shortage.waited, "lost": shortage.lost}
        self._waiting.append((IncidentReport("log-full", text, detail), now))
        self._catch_up(now)

    def _take_over(self) -> None:
        """Open the log anew: that is when it is looked at."""
        fresh = EventLog.open(self._path, self._box, self._signer)
        old, self._connection = self._connection, fresh._connection
        self.path, self.opening = fresh.path, fresh.opening
        self._mark.close()
        self._mark = fresh._mark
        old.close()
