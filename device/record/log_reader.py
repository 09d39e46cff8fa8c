"""Reading the log: what page, status and sync see of it, and what its writers build on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from device.errors import Refused
from device.record.continuation import Bridge
from device.record.event import TYPES, Event, decode
from device.record.field import Moment
from device.record.generations import newest
from device.record.link import START, Link
from device.record.log_file import connect_to_read, errors_named
from device.record.receipt import Receipt, receipt_on_record
from device.record.reports import Report
from device.record.signature import unverified_payload


@dataclass(frozen=True)
class Stored:
    """An event as it lies in the log."""

    seq: int
    jws: bytes  # the exact signed bytes, to be sent as they are
    hash: str  # SHA-256 of them when they were written, hex
    type: str  # such as `kz.estu.play.v1`
    time: str  # RFC 3339, when it was written

    @property
    def event(self) -> Event:
        """The event itself, unverified: only for the log's own box to show what it wrote.

        Raises:
            Refused: The row is damaged.
        """
        return decode(unverified_payload(self.jws))


_EVENT = "SELECT seq, jws, hash, type, time FROM event"


def stored(row: tuple[int, bytes, bytes, str, str]) -> Stored:
    """Give a row of the table `event` as a value."""
    seq, jws, digest, kind, time = row
    return Stored(seq, jws, digest.hex(), kind, time)


class LogReader:
    """A log that is read, and never changed.

    Every method can raise Waiting or Broken, as `log_file.py` names them.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Take over an open connection."""
        self.path = path
        self._connection = connection

    @classmethod
    def read(cls, path: Path) -> "LogReader":
        """Open a log that another process writes; a damaged one goes on in another file, which is then read.

        Raises:
            Waiting: There is no log yet.
            Broken: It is no log.
        """
        path = newest(path)
        return LogReader(path, connect_to_read(path))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def box(self) -> str:
        """The name of the box whose log this is."""
        return str(self._one("SELECT name FROM box")[0])

    def head(self) -> Link | None:
        """Give the last event's place, or None in an empty log."""
        row = self._find("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")
        return None if row is None else Link(row[0], row[1].hex())

    def anchor(self) -> Link:
        """Give the place before the oldest event that is left: what was forgotten ends there."""
        row = self._find("SELECT through, hash FROM forgotten ORDER BY number DESC LIMIT 1")
        return START if row is None else Link(row[0], row[1].hex())

    def losses(self) -> list[Bridge]:
        """Give the stretches of numbers whose events this log has lost, lowest first."""
        question = "SELECT after, after_hash, through, through_hash FROM lost ORDER BY through"
        with errors_named(self.path):
            rows = self._connection.execute(question).fetchall()
        return [Bridge(Link(row[0], row[1].hex()), Link(row[2], row[3].hex())) for row in rows]

    def place(self) -> Link:
        """Give the place that the next event follows: the head, or what was forgotten or lost behind it."""
        losses = self.losses()
        places = [self.head() or START, self.anchor(), losses[-1].through if losses else START]
        return max(places, key=lambda place: place.seq)

    def is_lost(self, seq: int) -> bool:
        """Say whether a number is that of an event which this log has lost."""
        return any(seq in bridge.numbers for bridge in self.losses())

    def count(self) -> int:
        """Count the events that are left."""
        return int(self._one("SELECT count(*) FROM event")[0])

    def events(self, after: int, limit: int) -> list[Stored]:
        """Give the events after a number, oldest first."""
        return self._stored(f"{_EVENT} WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))

    def latest(self, kind: type[Report], limit: int) -> list[Stored]:
        """Give the newest events of one kind, newest first."""
        return self._stored(f"{_EVENT} WHERE type = ? ORDER BY seq DESC LIMIT ?", (TYPES[kind], limit))

    def written(self, kind: type[Report], start: datetime, end: datetime) -> list[Stored]:
        """Give the events of one kind that were written from one time up to another, oldest number first.

        Args:
            kind: What they report.
            start: UTC, by the clock of the event: where that was corrected later, this is still what was signed.
            end: UTC, not included.
        """
        bounds = (Moment().write(start, "start"), Moment().write(end, "end"))
        return self._stored(
            f"{_EVENT} WHERE type = ? AND time >= ? AND time < ? ORDER BY seq", (TYPES[kind], *bounds)
        )

    def last(self) -> Stored | None:
        """Give the last event."""
        found = self._stored(f"{_EVENT} ORDER BY seq DESC LIMIT ?", (1,))
        return found[0] if found else None

    def at(self, seq: int) -> Link | None:
        """Give the place of an event, if it is there, or is where the forgotten ones end."""
        if seq == self.anchor().seq:
            return self.anchor()
        row = self._find("SELECT seq, hash FROM event WHERE seq = ?", (seq,))
        return None if row is None else Link(row[0], row[1].hex())

    def receipt(self) -> Receipt | None:
        """Give the receipt that counts: the last one that came; None also where the card spoilt it.

        The platform's next one takes its place; the broker has it for us.
        """
        jws = self.receipt_text()
        try:
            return None if jws is None else receipt_on_record(jws)
        except Refused:
            return None

    def receipt_text(self) -> bytes | None:
        """Give it as it was signed."""
        row = self._find("SELECT jws FROM receipt ORDER BY number DESC LIMIT 1")
        return None if row is None else bytes(row[0])

    def receipts(self) -> list[bytes]:
        """Give the receipts that are kept, as signed, oldest first."""
        with errors_named(self.path):
            return [row[0] for row in self._connection.execute("SELECT jws FROM receipt ORDER BY number")]

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """See the log as it is now, whatever its writers do meanwhile; not for long, for the WAL grows."""
        with errors_named(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def damage(self) -> str | None:
        """Let SQLite read the whole file; give the first thing that it finds wrong."""
        found = str(self._one("PRAGMA quick_check(1)")[0])
        return None if found == "ok" else found

    def room_inside(self) -> int:
        """Give the bytes that new events can take in the file before it grows."""
        pages, size = self._one("SELECT * FROM pragma_freelist_count, pragma_page_size")
        return int(pages) * int(size)

    def waiting(self) -> int:
        """Count the events that no receipt covers yet."""
        head = self.head() or START
        delivered = max(self.receipt_through(), self.anchor().seq)
        numbers = range(delivered + 1, head.seq + 1)
        lost = (_both(numbers, bridge.numbers) for bridge in self.losses())
        return len(numbers) - sum(lost)

    def receipt_through(self) -> int:
        """Give the number up to which the platform has all events; 0 if it has none, or if nobody can read it."""
        receipt = self.receipt()
        return 0 if receipt is None else receipt.through

    def _stored(self, question: str, values: tuple[int | str, ...]) -> list[Stored]:
        with errors_named(self.path):
            return [stored(row) for row in self._connection.execute(question, values)]

    def _find(self, question: str, values: tuple[int | str | bytes, ...] = ()) -> tuple[Any, ...] | None:
        with errors_named(self.path):
            row: tuple[Any, ...] | None = self._connection.execute(question, values).fetchone()
            return row

    def _one(self, question: str) -> tuple[Any, ...]:
        with errors_named(self.path):
            row: tuple[Any, ...] = next(self._connection.execute(question))
            return row


def _both(one: range, other: range) -> int:
    """Count what two ranges have in common."""
    return len(range(max(one.start, other.start), min(one.stop, other.stop)))
