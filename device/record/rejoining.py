"""A log that had lost its end without knowing, and gave numbers a second time: how it joins the platform's account again.

A card that lost what it said it had written gives back a shorter log, and nothing in it shows that. If the platform has
the events that were lost, its receipt names one that this log does not have. What the platform has is beyond doubt:

- The log takes the platform's place for its own and goes on behind it.
- What it wrote under the numbers that were taken is put aside as it is, and written once more behind that place: the
  same reports with the same times, under numbers of their own. The incident `log-continued` says which stand where.
- Where the two branches part is known: a log loses its end only between two openings, and each is noted. If it was opened
  several times there, the first is taken: rather is something told twice, and said to be, than lost.
"""

import sqlite3
from collections.abc import Callable

from device.record import continuation
from device.record.continuation import Bridge, Repeated
from device.record.event import Event
from device.record.link import Link
from device.record.log_reader import LogReader, Stored
from device.record.reports import IncidentReport
from device.record.tail import is_whole, note, put_aside

_UNSOLVED = (
    "SELECT number, through, hash FROM contradiction WHERE solved IS NULL ORDER BY number DESC LIMIT 1"
)
_FIRST_OPENED = "SELECT after FROM opened WHERE after >= ? AND after < ? ORDER BY after LIMIT 1"
_ALL = 2**53


def rejoin(
    log: LogReader,
    connection: sqlite3.Connection,
    declare: Callable[[IncidentReport], Link],
    repeat: Callable[[Event], Link],
) -> None:
    """Go on behind the platform's place if a receipt contradicts the log; within the caller's transaction.

    Args:
        log: The log.
        connection: The log's own.
        declare: Writes an incident.
        repeat: Writes an event once more, with a new number.
    """
    row = connection.execute(_UNSOLVED).fetchone()
    if row is None:
        return
    claimed = Link(int(row[1]), bytes(row[2]).hex())
    solved = log.receipt_through()
    if _contradicts(log, claimed):
        solved = _rejoin(log, connection, claimed, declare, repeat).seq
    connection.execute("UPDATE contradiction SET solved = ? WHERE solved IS NULL", (solved,))


def _contradicts(log: LogReader, claimed: Link) -> bool:
    if claimed.seq <= log.anchor().seq:
        return False  # what was forgotten here cannot be compared any more
    known = log.at(claimed.seq)
    return not log.is_lost(claimed.seq) if known is None else known != claimed


def _rejoin(
    log: LogReader,
    connection: sqlite3.Connection,
    claimed: Link,
    declare: Callable[[IncidentReport], Link],
    repeat: Callable[[Event], Link],
) -> Link:
    again = _written_twice(log, connection, claimed)
    put_aside(connection, [stored.seq for stored in again])
    before = log.head() or log.anchor()
    bridge = Bridge(before, claimed)
    note(connection, bridge, declared=claimed.seq + 1)
    said = None
    if again:
        said = Repeated(again[0].seq, again[-1].seq, claimed.seq + 2, before.hash)
    place = declare(continuation.incident([bridge], said))
    for stored in again:
        repeat(stored.event)
    return place


def _written_twice(log: LogReader, connection: sqlite3.Connection, claimed: Link) -> list[Stored]:
    """Give the events whose numbers the platform knows for others, and those behind them."""
    receipted = log.receipt_through()
    opened = connection.execute(_FIRST_OPENED, (receipted, claimed.seq)).fetchone()
    after = receipted if opened is None else int(opened[0])
    return [stored for stored in log.events(after, _ALL) if is_whole(stored)]
