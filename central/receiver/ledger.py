"""The ledger: what came is kept in one transaction, and only then receipted.

Several receivers can write one ledger at once (on a server database): each locks the boxes of its batch, in the order
of their names, so that a chain is moved by one at a time.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy import (
    event as engine_event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from central.receiver import tables
from central.receiver.chain import Place, Step, advance, tell_apart
from central.receiver.intake import Objection, Rejected, SignedEvent
from device.errors import Refused, Waiting

_UPSERT: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}
_STEPS = 1_000  # events read at once when a chain is followed


@dataclass
class Kept:
    """What became of a batch."""

    places: dict[str, Place] = field(
        default_factory=dict
    )  # how far the chain of each box is whole that must be told
    fresh: int = 0  # events that were not there before, waiting ones among them
    duplicates: int = 0
    quarantined: list[tuple[str, Objection]] = field(default_factory=list)  # topic and reason


class Ledger:
    """The receiver's database."""

    def __init__(self, engine: Engine) -> None:
        """Take over an engine, and make the tables that are not there yet.

        Raises:
            Waiting: The database cannot be reached.
        """
        self.engine = engine
        with _errors_named():
            tables.metadata.create_all(engine)

    @classmethod
    def open(cls, url: str) -> "Ledger":
        """Open a ledger by its URL, such as `sqlite:////var/lib/estu/ledger.sqlite` or `postgresql://...`.

        Raises:
            Refused: It is no URL of a database that the receiver works with.
            Waiting: The database cannot be reached.
        """
        advice = "Give sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME."
        try:
            engine = create_engine(url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise Refused("database-url", f"{url!r} names no database: {error}.", advice) from error
        if engine.dialect.name not in _UPSERT:
            raise Refused("database-url", f"The receiver does not work with {engine.dialect.name}.", advice)
        if engine.dialect.name == "sqlite":
            _keep_promises(engine)
        return cls(engine)

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
        kept = Kept()
        by_box: dict[str, list[SignedEvent]] = defaultdict(list)
        with _errors_named(), self.engine.begin() as connection:
            batch = _Batch(connection, now.replace(tzinfo=None), kept)
            for one in examined:
                if isinstance(one, Rejected):
                    batch.set_aside(one.objection, one.delivery.topic, one.delivery.payload)
                else:
                    by_box[one.box].append(one)
            for box in sorted(by_box):
                batch.keep(box, by_box[box])
        return kept

    def places(self) -> Iterator[tuple[str, Place]]:
        """Give how far the chain of each box is whole."""
        with _errors_named(), self.engine.connect() as connection:
            for row in connection.execute(select(tables.box.c.name, tables.box.c.through, tables.box.c.head)):
                yield row.name, Place(row.through, row.head)


@dataclass
class _Batch:
    """One transaction."""

    connection: Connection
    now: datetime  # UTC, naive, as the tables keep it
    kept: Kept

    def keep(self, box: str, events: Sequence[SignedEvent]) -> None:
        """Keep one box's events, and move its chain as far as it is whole."""
        before, is_new = self._lock(box)
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
        if broken is not None:
            self._remove_broken(box, broken, place)
        self.connection.execute(
            update(tables.box)
            .where(tables.box.c.name == box)
            .values(through=place.through, head=place.head, heard=self.now)
        )
        # A box whose events wait for one that is missing is not told so again and again: each receipt would make it
        # send them once more.
        if is_new or place != before or any(event.seq <= place.through for event in arrivals.duplicates):
            self.kept.places[box] = place

    def set_aside(
        self, objection: Objection, topic: str, payload: bytes, box: str | None = None, seq: int | None = None
    ) -> None:
        """Keep the exact bytes of what is not counted; the same bytes again only count up."""
        row = {
            "reason": objection.reason,
            "words": objection.words,
            "topic": topic,
            "box": box,
            "seq": seq,
            "hash": hashlib.sha256(payload).hexdigest(),
            "payload": payload,
            "first": self.now,
            "last": self.now,
            "times": 1,
        }
        statement = _UPSERT[self.connection.dialect.name].insert(tables.quarantine).values(row)
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["reason", "topic", "hash"],
                set_={"last": self.now, "times": tables.quarantine.c.times + 1},
            )
        )
        self.kept.quarantined.append((topic, objection))

    def _lock(self, box: str) -> tuple[Place, bool]:
        columns = (tables.box.c.through, tables.box.c.head)
        question = select(*columns).where(tables.box.c.name == box).with_for_update()
        row = self.connection.execute(question).one_or_none()
        is_new = row is None
        if row is None:
            start = Place()
            new = {"name": box, "through": start.through, "head": start.head, "heard": self.now}
            statement = _UPSERT[self.connection.dialect.name].insert(tables.box).values(new)
            self.connection.execute(statement.on_conflict_do_nothing())
            row = self.connection.execute(question).one()
        return Place(row.through, row.head), is_new

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

    def _set_event_aside(self, event: SignedEvent, objection: Objection) -> None:
        self.set_aside(objection, event.topic, event.jws, event.box, event.seq)

    def _remove_broken(self, box: str, broken: Step, place: Place) -> None:
        which = (tables.event.c.box == box) & (tables.event.c.seq == broken.seq)
        jws = self.connection.execute(select(tables.event.c.jws).where(which)).scalar_one()
        words = f"Event {broken.seq} of {box} does not follow event {place.through} as it was received."
        self.set_aside(Objection("chain-broken", words), f"estu/v1/{box}/event", jws, box, broken.seq)
        self.connection.execute(delete(tables.event).where(which))


def _keep_promises(engine: Engine) -> None:
    """Make SQLite keep what a receipt promises: a committed batch survives the power."""

    @engine_event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says, see below
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000"):
            connection.execute(f"PRAGMA {pragma}")

    @engine_event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _errors_named() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise Waiting(
            "ledger-away",
            f"The ledger's database does not take anything: {error.orig}.",
            "Wait; if it lasts, look at the database, its disk and its address.",
        ) from error
