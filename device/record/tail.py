"""The end of the log, read again at each start: whole, or cut to the last whole event.

SQLite itself drops a transaction that the power cut short. What is looked for here is worse: a card that gives back
other bytes than were written, or fewer.

- A damaged event that the platform has receipted stays, for the chain can go on from its hash.
- Any other damaged event is put aside, and one that is gone is looked for in whatever pages are left. Its number is
  not used again: the next event declares it lost (continuation.py).
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from device.errors import Refused
from device.record import limits
from device.record.continuation import Bridge, leads
from device.record.link import START, Link
from device.record.log_reader import LogReader, Stored
from device.record.signature import unverified_payload


@dataclass(frozen=True)
class Opening:
    """How a log was found when it was opened for writing."""

    events: int  # left in it
    cut: int  # undelivered ones that were damaged or gone, and are now lost
    damaged: tuple[int, ...]  # numbers of damaged ones near its end that the platform has; they stay
    missing: int  # delivered events that are not there, though later ones are

    @property
    def whole(self) -> bool:
        """Whether nothing was wrong with it."""
        return not (self.cut or self.damaged or self.missing)


def mend(connection: sqlite3.Connection, log: LogReader, thorough: bool, noted: Link | None) -> Opening:
    """Look at the last events, count them all, and make what is left a chain again; within the caller's transaction.

    Args:
        connection: The log's own.
        log: The log.
        thorough: Look at every event that has no receipt, for there is a reason to.
        noted: The head as it was noted beside the log.
    """
    anchor, receipt, head = log.anchor(), log.receipt_through(), log.head() or START
    first = max(anchor.seq, head.seq - limits.TAIL_EVENTS)
    damaged = [
        event.seq for event in _events(log, min(first, receipt) if thorough else first) if not is_whole(event)
    ]
    aside = {seq: hash_ for seq in damaged if seq > receipt for hash_ in _hash(log, seq)}
    put_aside(connection, aside)
    head = log.head() or START
    numbers = max(head.seq - anchor.seq, 0)
    missing = (
        numbers
        - log.count()
        - sum(len(bridge.numbers) for bridge in log.losses() if bridge.through.seq > anchor.seq)
    )
    lost = []
    if aside or missing or (noted is not None and noted.seq > head.seq):
        lost = list(_gaps(log, max(anchor.seq, receipt), aside, noted))
    for bridge in lost:
        note(connection, bridge)
    cut = sum(len(bridge.numbers) for bridge in lost)
    inside = sum(len(bridge.numbers) for bridge in lost if bridge.through.seq <= head.seq)
    kept = tuple(seq for seq in damaged if seq not in aside)
    return Opening(log.count(), cut, kept, missing - inside)


def is_as_written(stored: Stored) -> bool:
    """Say whether an event's bytes are those that were written, under the number that they were written for.

    That they are an event was asked before they were written; so it is enough for passing them on.
    """
    if hashlib.sha256(stored.jws).hexdigest() != stored.hash:
        return False
    try:
        content = json.loads(unverified_payload(stored.jws))
    except (Refused, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("seq") == stored.seq


def is_whole(stored: Stored) -> bool:
    """Say the same, and that they are an event to be read; it takes four times as long."""
    if not is_as_written(stored):
        return False
    try:
        return stored.event.seq == stored.seq
    except Refused:
        return False


def note(connection: sqlite3.Connection, bridge: Bridge, declared: int | None = None) -> None:
    """Write down that numbers are lost; within the caller's transaction.

    Args:
        connection: The log's own.
        bridge: The stretch.
        declared: The number of the event that says so, if there is one, or is to be one at once.
    """
    places = (bridge.after, bridge.through)
    values = [value for place in places for value in (place.seq, bytes.fromhex(place.hash))]
    connection.execute(
        "INSERT INTO lost (after, after_hash, through, through_hash, declared) VALUES (?, ?, ?, ?, ?)",
        (*values, declared),
    )


def _gaps(log: LogReader, after: int, aside: Mapping[int, str], noted: Link | None) -> Iterator[Bridge]:
    """Find what is missing behind a place, where the log does not know yet that it is lost.

    Args:
        log: The log, with nothing but whole events behind the place.
        after: The place's number.
        aside: Numbers and hashes of the events that were put aside.
        noted: The head as it was noted beside the log.
    """
    bridges = log.losses()
    place = log.at(after) or log.anchor()
    for event in _events(log, place.seq):
        before = Link(event.seq - 1, event.event.prev)
        if before.seq > place.seq and not leads(bridges, place, before):
            yield Bridge(place, before)
        place = Link(event.seq, event.hash)
    place = max([place, *(bridge.through for bridge in bridges)], key=lambda end: end.seq)
    end = place
    while end.seq + 1 in aside:  # a number far from the others was never given: its row is nonsense
        end = Link(end.seq + 1, aside[end.seq + 1])
    if noted is not None and noted.seq >= end.seq:
        end = noted
    if end.seq > place.seq:
        yield Bridge(place, end)


def put_aside(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Move events out of the chain, as they are; within the caller's transaction."""
    for seq in numbers:
        connection.execute(
            "INSERT INTO torn (seq, jws, hash) SELECT seq, jws, hash FROM event WHERE seq = ?", (seq,)
        )
        connection.execute("DELETE FROM event WHERE seq = ?", (seq,))


def _hash(log: LogReader, seq: int) -> Iterator[str]:
    yield from (event.hash for event in log.events(seq - 1, 1) if event.seq == seq)


def _events(log: LogReader, after: int) -> Iterator[Stored]:
    while events := log.events(after, limits.TAIL_EVENTS):
        yield from events
        after = events[-1].seq
