"""The end of the log, read again at each start: whole, or cut to the last whole event.

SQLite itself drops a transaction that the power cut short. What is looked for here is worse: a card that gives back
other bytes than were written.

- A damaged event above the receipt, with no whole one after it, is put aside: the next event takes its number.
- A damaged event that the platform has receipted stays, for the chain can go on from its hash.
- A damaged event with whole ones after it stays too. They are good evidence, and `estu verify` names the damage.
"""

import hashlib
import sqlite3
from dataclasses import dataclass

from device.errors import Refused
from device.record import limits
from device.record.log_reader import LogReader, Stored


@dataclass(frozen=True)
class Opening:
    """How a log was found when it was opened for writing."""

    events: int  # left in it
    cut: int  # damaged ones at its end, put aside
    damaged: tuple[int, ...]  # numbers of damaged ones near its end that stay
    missing: int  # events that are not there, though later ones are

    @property
    def whole(self) -> bool:
        """Whether nothing was wrong with it."""
        return not (self.cut or self.damaged or self.missing)


def examine(log: LogReader) -> tuple[Opening, list[int]]:
    """Look at the last events, and count them all.

    Returns:
        How the log is found, and the numbers to put aside, highest first.
    """
    head = log.head()
    if head is None:
        return Opening(0, 0, (), 0), []
    anchor, receipt, count = log.anchor(), log.receipt_through(), log.count()
    tail = log.events(max(anchor.seq, head.seq - limits.TAIL_EVENTS), limits.TAIL_EVENTS)
    damaged = [event.seq for event in tail if not is_whole(event)]
    cut = []
    for event in reversed(tail):
        if event.seq <= receipt or event.seq not in damaged:
            break
        cut.append(event.seq)
    kept = tuple(seq for seq in damaged if seq not in cut)
    return Opening(count - len(cut), len(cut), kept, head.seq - anchor.seq - count), cut


def is_whole(stored: Stored) -> bool:
    """Say whether an event's bytes are those that were written, under the number that they were written for."""
    if hashlib.sha256(stored.jws).hexdigest() != stored.hash:
        return False
    try:
        return stored.event.seq == stored.seq
    except Refused:
        return False


def put_aside(connection: sqlite3.Connection, numbers: list[int]) -> None:
    """Move damaged events out of the chain, as they are; within the caller's transaction."""
    for seq in numbers:
        connection.execute(
            "INSERT INTO torn (seq, jws, hash) SELECT seq, jws, hash FROM event WHERE seq = ?", (seq,)
        )
        connection.execute("DELETE FROM event WHERE seq = ?", (seq,))
