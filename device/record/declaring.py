"""What the log says of its own losses: the incidents that go before the next event."""

import sqlite3
from collections.abc import Callable

from device.record import continuation, limits
from device.record.continuation import Bridge
from device.record.link import Link
from device.record.reports import IncidentReport

_LOST = "SELECT number, after, after_hash, through, through_hash FROM lost WHERE declared IS NULL ORDER BY through LIMIT ?"
_DAMAGED = "SELECT number, file, words, events FROM damaged WHERE declared IS NULL ORDER BY number"


def declare(connection: sqlite3.Connection, write: Callable[[IncidentReport], Link]) -> None:
    """Write the incidents that are due, within the caller's transaction.

    Args:
        connection: The log's own.
        write: Writes an event of the log.
    """
    while rows := connection.execute(_LOST, (limits.BRIDGES,)).fetchall():
        bridges = [Bridge(Link(row[1], row[2].hex()), Link(row[3], row[4].hex())) for row in rows]
        place = write(continuation.incident(bridges))
        numbers = [(place.seq, row[0]) for row in rows]
        connection.executemany("UPDATE lost SET declared = ? WHERE number = ?", numbers)
    for number, file, words, events in connection.execute(_DAMAGED).fetchall():
        place = write(
            IncidentReport(
                "log-damaged",
                f"The log was damaged; {events} events of it were taken over, and the file is kept as it was.",
                {"file": file, "why": words[:500], "events": events},
            )
        )
        connection.execute("UPDATE damaged SET declared = ? WHERE number = ?", (place.seq, number))
