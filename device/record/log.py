"""The log: a box's append-only chain of signed events, as its one writer sees it.

Rules:
- Numbering, chaining, signing and writing are one transaction. A number exists if and only if its event is on disk.
- An event is never rewritten. It is deleted only once the platform has receipted it, oldest first, and the place where
  the chain then begins is kept.
- A number is given once. What a card has lost keeps its number, and the next event declares it lost.
- One process appends (`EventLog`), one adds receipts (`ReceiptLedger`), any number read (`EventLog.read`).
"""

import hashlib
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

from device.errors import Broken, EstuError
from device.host.clock import Instant
from device.record import declaring, head_mark, limits, rejoining, rescue, suspicion
from device.record.event import Clock, Event, Stamp
from device.record.field import Moment
from device.record.generations import newest
from device.record.head_mark import HeadMark
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log_file import connect_to_write, errors_named, transaction
from device.record.log_reader import LogReader
from device.record.pages import Found, events_in_wal
from device.record.reports import Report
from device.record.signature import Signer
from device.record.signed_event import hash_of, seal
from device.record.tail import Opening, mend

_FAR = datetime(9999, 1, 1, tzinfo=UTC)


class EventLog(LogReader):
    """The log, for the process that hears."""

    opening: Opening  # how it was found
    trouble: EstuError | None = None  # why events wait in memory; here none ever does
    _signer: Signer
    _mark: HeadMark
    _begun: bool = False  # whether this opening stands in the log

    @classmethod
    def open(cls, path: Path, box: str, signer: Signer) -> Self:
        """Open the log for appending, and make it if it is not there.

        Takes well under a second for a year of events: only the tail is read again, not the whole. A damaged file is
        left as it is, and what can be read of it is taken over into a new one beside it; that may take a minute.

        Args:
            path: The file; its folder exists.
            box: The name of this box.
            signer: Signs the events.

        Raises:
            Broken: It is no log, or is another box's.
            Waiting: The disk is full, or another program holds the file.
        """
        if signer.public.box != box:
            raise Broken(
                "key-other-box",
                f"The signing key is not {box}'s.",
                "Give the key that was made with this box's card.",
            )
        noted, suspected = head_mark.read(path), suspicion.read(path) is not None
        file = newest(path)
        with ExitStack() as until_taken_over:
            try:
                log = cls._opened(file, box, signer, noted, suspected, until_taken_over)
            except Broken as broken:
                if not rescue.is_worth_it(broken, file, signer.public):
                    raise
                file = rescue.take_over(path, box, signer.public, broken.message, noted)
                log = cls._opened(file, box, signer, noted, False, until_taken_over)
        suspicion.clear(path)
        log._mark = HeadMark(path)
        return log

    @classmethod
    def _opened(
        cls, file: Path, box: str, signer: Signer, noted: Link | None, thorough: bool, failing: ExitStack
    ) -> Self:
        """Open a file; if that fails, it is closed only with `failing`, for SQLite then clears its WAL away."""
        log = cls(file, connect_to_write(file, failing))
        log._signer = signer
        try:
            log._claim(box, noted, thorough)
        except BaseException:
            failing.callback(log.close)
            raise
        return log

    def close(self) -> None:
        """Close the file."""
        if hasattr(self, "_mark"):
            self._mark.close()
        super().close()

    def append(self, report: Report, at: Instant) -> Link:
        """Number, chain, sign and write an event; when this returns, it survives the power.

        Where numbers were lost since the last one, an incident that declares them goes before it.

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
            write = partial(self._write, at=at)
            if not self._begun:
                self._connection.execute("INSERT INTO opened (after) VALUES (?)", (self.place().seq,))
            rejoining.rejoin(self, self._connection, write, self._chain)
            declaring.declare(self._connection, write)
            link = write(report)
        self._begun = True
        self._mark.put(link)
        return link

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
            last = min(self._delivered(), head.seq - 1, anchor.seq + limits.FORGOTTEN_AT_ONCE)
            young = self._find(
                "SELECT seq FROM event WHERE seq <= ? AND time >= ? ORDER BY seq LIMIT 1",
                (last, Moment().write(before, "before")),
            )
            end = self._find(
                "SELECT seq, hash FROM event WHERE seq <= ? ORDER BY seq DESC LIMIT 1",
                (last if young is None else young[0] - 1,),
            )
            if end is None or end[0] <= anchor.seq:
                return 0
            self._connection.execute(
                "INSERT INTO forgotten (through, hash, time) VALUES (?, ?, ?)",
                (*end, Moment().write(at.utc, "at")),
            )
            return self._connection.execute("DELETE FROM event WHERE seq <= ?", (end[0],)).rowcount

    def forget_delivered(self, at: Instant) -> int:
        """Delete delivered events however young they are, oldest first: for want of room. Else as `forget`."""
        return self.forget(_FAR, at)

    def _write(self, report: Report, at: Instant) -> Link:
        return self._chain(Event(self.box, 0, "", at.utc, report, _stamp(at)))

    def _chain(self, event: Event) -> Link:
        """Write an event behind the last, whatever number it had."""
        before = self.place()
        event = replace(event, seq=before.seq + 1, prev=before.hash)
        jws = seal(event, self._signer)
        self._keep(event, jws)
        return Link(event.seq, hash_of(jws))

    def _keep(self, event: Event, jws: bytes) -> None:
        self._connection.execute(
            "INSERT INTO event (seq, jws, hash, type, time) VALUES (?, ?, ?, ?, ?)",
            (event.seq, jws, hashlib.sha256(jws).digest(), event.type, Moment().write(event.time, "time")),
        )

    def _claim(self, box: str, noted: Link | None, thorough: bool) -> None:
        behind = noted is not None and noted.seq > self.place().seq
        if (behind or thorough) and (words := self.damage()) is not None:
            raise self._damaged(f"it is damaged: {words}")
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
            if behind:
                self._look_for_the_end()
            self.opening = mend(self._connection, self, behind or thorough, noted)
            if self.opening.cut and any(self.is_lost(seq) for seq, _ in self._in_wal(0)):
                raise self._damaged("some of its events can be read only beside their place")

    def _look_for_the_end(self) -> None:
        """Take back events that SQLite passed over, from whatever pages hold them yet."""
        place = self.place()
        found = self._in_wal(place.seq)
        while event := found.get((place.seq + 1, place.hash)):
            self._keep(event.event, event.jws)
            place = Link(event.event.seq, event.hash)

    def _in_wal(self, after: int) -> dict[tuple[int, str], Found]:
        return events_in_wal(self.path, Jwks.of([self._signer.public]), after)

    def _damaged(self, words: str) -> Broken:
        return Broken("log-corrupt", f"{self.path}: {words}.", "Keep the file, it is evidence.")

    def _delivered(self) -> int:
        """Give the number up to which events may go: the receipt is held against the event that it names."""
        receipt = self.receipt()
        known = None if receipt is None else self.at(receipt.through)
        if receipt is None or (known is not None and known.hash != receipt.head):
            return 0
        return receipt.through if known is not None or self.is_lost(receipt.through) else 0


def _stamp(at: Instant) -> Stamp:
    return Stamp(Clock(at.state, at.error_ms), at.boot, at.monotonic)
