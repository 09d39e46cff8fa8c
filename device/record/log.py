"""The log: a box's append-only chain of signed events, as its one writer sees it.

Rules:
- Numbering, chaining, signing and writing are one transaction. A number exists if and only if its event is on disk.
- An event is never rewritten. It is deleted only once the platform has receipted it, oldest first, and the place where
  the chain then begins is kept.
- One process appends (`EventLog`), one adds receipts (`ReceiptLedger`), any number read (`EventLog.read`).
"""

import hashlib
from datetime import datetime
from pathlib import Path

from device.errors import Broken
from device.host.clock import Instant
from device.record import limits
from device.record.event import Clock, Event, Stamp
from device.record.field import Moment
from device.record.link import Link
from device.record.log_file import connect_to_write, errors_named, transaction
from device.record.log_reader import LogReader
from device.record.reports import Report
from device.record.signature import Signer
from device.record.signed_event import seal
from device.record.tail import Opening, examine, put_aside


class EventLog(LogReader):
    """The log, for the process that hears."""

    opening: Opening  # how it was found
    _signer: Signer

    @classmethod
    def open(cls, path: Path, box: str, signer: Signer) -> "EventLog":
        """Open the log for appending, and make it if it is not there.

        Takes well under a second for a year of events: only the tail is read again, not the whole.

        Args:
            path: The file; its folder exists.
            box: The name of this box.
            signer: Signs the events.

        Raises:
            Broken: It is no log, is another box's, or is damaged beyond its tail's repair.
            Waiting: The disk is full, or another program holds the file.
        """
        if signer.public.box != box:
            raise Broken(
                "key-other-box",
                f"The signing key is not {box}'s.",
                "Give the key that was made with this box's card.",
            )
        log = cls(path, connect_to_write(path))
        log._signer = signer
        try:
            log._claim(box)
        except BaseException:
            log.close()
            raise
        return log

    def append(self, report: Report, at: Instant) -> Link:
        """Number, chain, sign and write an event; when this returns, it survives the power.

        Args:
            report: What is to be recorded.
            at: Now.

        Returns:
            Where it came to stand.

        Raises:
            Refused: The report does not fit the contract. No number was used.
            Waiting: The disk is full (`disk-full`). No number was used.
            Broken: The disk fails.
        """
        with errors_named(self.path), transaction(self._connection):
            before = self.head() or self.anchor()
            event = Event(self.box, before.seq + 1, before.hash, at.utc, report, _stamp(at))
            jws = seal(event, self._signer)
            digest = hashlib.sha256(jws)
            self._connection.execute(
                "INSERT INTO event (seq, jws, hash, type, time) VALUES (?, ?, ?, ?, ?)",
                (event.seq, jws, digest.digest(), event.type, Moment().write(event.time, "time")),
            )
        return Link(event.seq, digest.hexdigest())

    def forget(self, before: datetime, at: Instant) -> int:
        """Delete delivered events that were written before a time, oldest first.

        It stops at the first that is younger or not receipted, keeps the last event always, and deletes at most
        `limits.FORGOTTEN_AT_ONCE`, so that an event never waits long for its turn; call it again while it returns
        that many. The file does not shrink, but new events take the room.

        Args:
            before: Events written before this may go. Where the clock is not synchronised, nobody should ask.
            at: Now.

        Returns:
            How many were deleted.
        """
        with errors_named(self.path), transaction(self._connection):
            anchor, head = self.anchor(), self.head()
            if head is None:
                return 0
            last = min(self.receipt_through(), head.seq - 1, anchor.seq + limits.FORGOTTEN_AT_ONCE)
            young = self._find(
                "SELECT seq FROM event WHERE seq <= ? AND time >= ? ORDER BY seq LIMIT 1",
                (last, Moment().write(before, "before")),
            )
            through = last if young is None else young[0] - 1
            end = self.at(through)
            if through <= anchor.seq or end is None:
                return 0
            self._connection.execute(
                "INSERT INTO forgotten (through, hash, time) VALUES (?, ?, ?)",
                (through, bytes.fromhex(end.hash), Moment().write(at.utc, "at")),
            )
            return self._connection.execute("DELETE FROM event WHERE seq <= ?", (through,)).rowcount

    def _claim(self, box: str) -> None:
        with errors_named(self.path), transaction(self._connection):
            self._connection.execute(
                "INSERT INTO box (row, name) VALUES (1, ?) ON CONFLICT DO NOTHING", (box,)
            )
            if self.box != box:
                raise Broken(
                    "log-other-box",
                    f"{self.path} is the log of {self.box}, not of {box}.",
                    "Put the box's own card back; two boxes cannot share a log.",
                )
            self.opening, torn = examine(self)
            put_aside(self._connection, torn)


def _stamp(at: Instant) -> Stamp:
    return Stamp(Clock(at.state, at.error_ms), at.boot, at.monotonic)
