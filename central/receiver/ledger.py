"""The ledger: what came is kept in one transaction, and only then receipted.

Several receivers can write one ledger at once: each locks the boxes of its batch, all of them before it looks at any,
in the order of their names, and quarantine after them in the order of its key. So a chain is moved by one at a time,
nobody waits in a circle, and the moment that a receipt names is later than that of every receipt for less.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from central.receiver import database, schema, tables
from central.receiver.chain import Place, Step, advance, tell_apart
from central.receiver.database import errors_named
from central.receiver.intake import Objection, Rejected, SignedEvent
from central.receiver.legible import TOPIC_CHARACTERS, legible
from device.record import limits
from device.record.continuation import Bridge, read_incident
from device.record.event import TYPES
from device.record.json_text import load
from device.record.reports import IncidentReport
from device.record.signature import unverified_payload

_UPSERT: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}
_STEPS = 1_000  # events read at once when a chain is followed
_WORDS_CHARACTERS = 500


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Kept:
    """What became of a batch."""

    time: datetime  # UTC, after all boxes of the batch were locked: what its receipts say
    places: dict[str, Place] = field(
        default_factory=dict
    )  # how far the chain of each box is whole that must be told
    fresh: int = 0  # events that were not there before, waiting ones among them
    duplicates: int = 0
    quarantined: list[tuple[str, Objection]] = field(default_factory=list)  # topic and reason


class Ledger:
    """The receiver's database."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = _utc_now) -> None:
        """Take over a database of this release, or an empty one.

        Args:
            engine: As `database.engine` gives it.
            clock: Gives UTC; what receipts are dated by.

        Raises:
            Refused: It has the tables of another release.
            Waiting: It cannot be reached.
        """
        schema.require_current(engine)
        self.engine = engine
        self._clock = clock

    @classmethod
    def open(cls, url: str) -> "Ledger":
        """Open a ledger by its URL, such as `sqlite:////var/lib/estu/ledger.sqlite` or `postgresql://...`.

        Raises:
            Refused: It is no URL of a database that the receiver works with, or it has another release's tables.
            Waiting: The database cannot be reached.
        """
        return cls(database.engine(url))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def keep(self, examined: Sequence[SignedEvent | Rejected], now: datetime) -> Kept:
        """Keep a batch: all of it, durably, or nothing.

        Args:
            examined: In the order of their arrival.
            now: UTC.

        Raises:
            Waiting: The database is away, busy or full; nothing was kept.
        """
        by_box: dict[str, list[SignedEvent]] = defaultdict(list)
        for one in examined:
            if isinstance(one, SignedEvent):
                by_box[one.box].append(one)
        with errors_named(), self.engine.begin() as connection:
            batch = _Batch(connection, now.replace(tzinfo=None), Kept(now))
            batch.lock(by_box)
            batch.kept.time = self._clock()
            for one in examined:
                if isinstance(one, Rejected):
                    batch.set_aside(one.objection, one.delivery.topic, one.delivery.payload)
            for box, events in by_box.items():
                batch.keep(box, events)
            batch.write_quarantine()
        return batch.kept

    def places(self, boxes: Collection[str] | None = None) -> dict[str, Place]:
        """Give how far the chain of each box, or of each of these, is whole."""
        question = select(tables.box.c.name, tables.box.c.through, tables.box.c.head)
        if boxes is not None:
            question = question.where(tables.box.c.name.in_(boxes))
        with errors_named(), database.reading(self.engine).connect() as connection:
            return {row.name: Place(row.through, row.head) for row in connection.execute(question)}


@dataclass
class _Batch:
    """One transaction."""

    connection: Connection
    now: datetime  # UTC, naive, as the tables keep it
    kept: Kept

    _before: dict[str, Place] = field(init=False, default_factory=dict)  # of each box that is locked
    _new: set[str] = field(init=False, default_factory=set)  # boxes of which nothing was ever kept
    _aside: dict[tuple[str, str, str], dict[str, Any]] = field(init=False, default_factory=dict)

    def lock(self, boxes: Collection[str]) -> None:
        """Lock the boxes of the batch, in one order everywhere; those that are new are made."""
        names = sorted(boxes)
        if not names:
            return
        start = Place()
        rows = [
            {"name": name, "through": start.through, "head": start.head, "heard": self.now} for name in names
        ]
        make = self._insert(tables.box).values(rows).on_conflict_do_nothing().returning(tables.box.c.name)
        self._new = set(self.connection.execute(make).scalars())
        columns = (tables.box.c.name, tables.box.c.through, tables.box.c.head)
        question = select(*columns).where(tables.box.c.name.in_(names)).order_by(tables.box.c.name)
        for row in self.connection.execute(question.with_for_update()):
            self._before[row.name] = Place(row.through, row.head)

    def keep(self, box: str, events: Sequence[SignedEvent]) -> None:
        """Keep one box's events, and move its chain as far as it is whole."""
        before = self._before[box]
        arrivals = tell_apart(self._taken(box, {event.seq for event in events}), events)
        for fork in arrivals.forks:
            words = f"Another event of {box} has the number {fork.seq}."
            self._set_event_aside(fork, Objection("event-fork", words))
        self._add(arrivals.fresh)
        for event in arrivals.fresh:
            if event.objection is not None:
                self._set_event_aside(event, event.objection)
        self.kept.fresh += len(arrivals.fresh)
        self.kept.duplicates += len(arrivals.duplicates)
        place, broken = advance(before, self._waiting(box, before.through))
        if bridges := self._bridges(box, place.through):
            place, broken = advance(place, self._waiting(box, place.through), bridges)
        if broken is not None:
            self._remove_broken(box, broken, place)
        self.connection.execute(
            update(tables.box)
            .where(tables.box.c.name == box)
            .values(through=place.through, head=place.head, heard=self.now)
        )
        # A box whose events wait for one that is missing is not told so again and again: each receipt would make it
        # send them once more.
        told_again = any(event.seq <= place.through for event in arrivals.duplicates)
        if box in self._new or place != before or told_again:
            self.kept.places[box] = place

    def set_aside(
        self, objection: Objection, topic: str, payload: bytes, box: str | None = None, seq: int | None = None
    ) -> None:
        """Remember the exact bytes of what is not counted; the same bytes again only count up."""
        topic, digest = legible(topic, TOPIC_CHARACTERS), hashlib.sha256(payload).hexdigest()
        row: dict[str, Any] = {
            "reason": objection.reason,
            "words": legible(objection.words, _WORDS_CHARACTERS),
            "topic": topic,
            "box": box,
            "seq": seq,
            "hash": digest,
            "payload": payload,
            "first": self.now,
            "last": self.now,
            "times": 0,
        }
        self._aside.setdefault((objection.reason, topic, digest), row)["times"] += 1
        self.kept.quarantined.append((topic, objection))

    def write_quarantine(self) -> None:
        """Write what was set aside, in one order everywhere, so that two receivers do not wait for each other."""
        if not self._aside:
            return
        statement = self._insert(tables.quarantine).values([row for _, row in sorted(self._aside.items())])
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["reason", "topic", "hash"],
                set_={"last": self.now, "times": tables.quarantine.c.times + statement.excluded.times},
            )
        )

    def _insert(self, table: Table) -> Any:
        """Give the database's own INSERT, since what happens on a conflict is in no standard."""
        return _UPSERT[self.connection.dialect.name].insert(table)

    def _taken(self, box: str, numbers: set[int]) -> dict[int, str]:
        question = select(tables.event.c.seq, tables.event.c.hash).where(
            tables.event.c.box == box, tables.event.c.seq.in_(numbers)
        )
        return {row.seq: row.hash for row in self.connection.execute(question)}

    def _add(self, events: Iterable[SignedEvent]) -> None:
        rows = [
            {
                "box": event.box,
                "seq": event.seq,
                "hash": event.hash,
                "prev": event.prev,
                "type": event.type,
                "time": event.time,
                "received": self.now,
                "objection": None if event.objection is None else event.objection.reason,
                "jws": event.jws,
            }
            for event in events
        ]
        if rows:
            self.connection.execute(insert(tables.event), rows)

    def _waiting(self, box: str, after: int) -> Iterator[Step]:
        question = (
            select(tables.event.c.seq, tables.event.c.prev, tables.event.c.hash)
            .where(tables.event.c.box == box)
            .order_by(tables.event.c.seq)
            .limit(_STEPS)
        )
        while rows := self.connection.execute(question.where(tables.event.c.seq > after)).all():
            yield from (Step(row.seq, row.prev, row.hash) for row in rows)
            after = rows[-1].seq

    def _bridges(self, box: str, after: int) -> list[Bridge]:
        """Give the losses that the waiting events declare."""
        question = select(tables.event.c.jws).where(
            tables.event.c.box == box,
            tables.event.c.seq > after,
            tables.event.c.type == TYPES[IncidentReport],
            tables.event.c.objection.is_(None),
        )
        incidents = (
            load(unverified_payload(row.jws), limits.JSON_DEPTH) for row in self.connection.execute(question)
        )
        declared = (read_incident(incident["data"]) for incident in incidents)
        return [bridge for one in declared if one is not None for bridge in one.lost]

    def _set_event_aside(self, event: SignedEvent, objection: Objection) -> None:
        self.set_aside(objection, event.topic, event.jws, event.box, event.seq)

    def _remove_broken(self, box: str, broken: Step, place: Place) -> None:
        """Set aside what does not follow, and what waited behind it: it would not follow either."""
        behind = iter(list(self._waiting(box, broken.seq)))
        step: Step | None = broken
        while step is not None:
            which = (tables.event.c.box == box) & (tables.event.c.seq == step.seq)
            jws = self.connection.execute(select(tables.event.c.jws).where(which)).scalar_one()
            words = f"Event {step.seq} of {box} does not follow event {place.through} as it was received."
            self.set_aside(Objection("chain-broken", words), f"estu/v1/{box}/event", jws, box, step.seq)
            self.connection.execute(delete(tables.event).where(which))
            following = Place(step.seq, step.hash)
            step = next(
                (one for one in behind if (one.seq - 1, one.prev) == (following.through, following.head)),
                None,
            )
