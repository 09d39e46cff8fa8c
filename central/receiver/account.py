"""What the ledger says: the counted events, what waits for what is missing, and what was set aside.

An event counts when the chain is whole up to it, and nothing is objected to it. Statements are made of nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, func, select

from central.receiver.chain import Place
from central.receiver.database import reading
from central.receiver.ledger import Ledger
from central.receiver.tables import box, event, quarantine
from device.errors import Refused
from device.sync import topics


@dataclass(frozen=True)
class CountedEvent:
    """An event that counts."""

    box: str
    seq: int
    hash: str  # hex
    type: str
    time: str  # RFC 3339
    jws: bytes  # the exact signed bytes


@dataclass(frozen=True)
class Standing:
    """How things stand with one box."""

    place: Place  # the chain is whole up to here
    counted: int  # events
    objected: int  # events in the whole part of the chain that are not counted
    waiting: int  # events after it, for which something is missing
    missing: int | None  # the first missing number, if events wait
    heard: datetime  # UTC, when something of it last came


@dataclass(frozen=True)
class Quarantined:
    """Something that is not counted."""

    reason: str
    words: str
    topic: str
    box: str | None  # by the key that verified it
    seq: int | None
    payload: bytes  # the exact bytes
    first: datetime  # UTC
    last: datetime  # UTC
    times: int  # how often it came


class Account:
    """Reads a ledger, also while receivers write it."""

    def __init__(self, ledger: Ledger | Engine) -> None:
        """Read this ledger, or the one in a database that has this release's tables."""
        self._engine: Engine = reading(ledger.engine if isinstance(ledger, Ledger) else ledger)

    def counted(
        self, name: str, after: int = 0, limit: int = 1_000, kind: str | None = None
    ) -> list[CountedEvent]:
        """Give a box's events that count, in order.

        Args:
            name: The box.
            after: The number that the last page ended with.
            limit: How many at most.
            kind: Only events of this type, such as `kz.estu.play.v1`; None: all.
        """
        question = (
            select(event.c.box, event.c.seq, event.c.hash, event.c.type, event.c.time, event.c.jws)
            .join(box, box.c.name == event.c.box)
            .where(event.c.box == name, event.c.seq > after, _COUNTS)
            .order_by(event.c.seq)
            .limit(limit)
        )
        if kind is not None:
            question = question.where(event.c.type == kind)
        with self._engine.connect() as connection:
            return [CountedEvent(*row) for row in connection.execute(question)]

    def standing(self, name: str) -> Standing | None:
        """Say how things stand with a box; None if nothing of it was ever kept."""
        return self.standings(name).get(name)

    def standings(self, name: str | None = None) -> dict[str, Standing]:
        """Say how things stand with all boxes, or with one, by their names and in the order of these."""
        whole = event.c.seq <= box.c.through
        question = (
            select(
                box,
                func.count(event.c.seq).filter(whole, event.c.objection.is_(None)).label("counted"),
                func.count(event.c.seq).filter(whole, event.c.objection.is_not(None)).label("objected"),
                func.count(event.c.seq).filter(~whole).label("waiting"),
            )
            .join(event, event.c.box == box.c.name, isouter=True)
            .group_by(*box.c)
            .order_by(box.c.name)
        )
        if name is not None:
            question = question.where(box.c.name == name)
        with self._engine.connect() as connection:
            return {
                row.name: Standing(
                    place=Place(row.through, row.head),
                    counted=row.counted,
                    objected=row.objected,
                    waiting=row.waiting,
                    missing=row.through + 1 if row.waiting else None,
                    heard=row.heard,
                )
                for row in connection.execute(question)
            }

    def reasons(self) -> dict[str, dict[str, int]]:
        """Count what was set aside: by the topic's box, as far as the topic names one, and then by reason."""
        question = (
            select(quarantine.c.topic, quarantine.c.reason, func.count())
            .group_by(quarantine.c.topic, quarantine.c.reason)
            .order_by(quarantine.c.topic, quarantine.c.reason)
        )
        counts: dict[str, dict[str, int]] = {}
        with self._engine.connect() as connection:
            for topic, reason, count in connection.execute(question):
                of_box = counts.setdefault(_box_of(topic), {})
                of_box[reason] = of_box.get(reason, 0) + count
        return counts

    def quarantined(self, name: str | None = None) -> Iterator[Quarantined]:
        """Give what was set aside, of all or of one box, batch by batch in the order in which it first came."""
        columns = [quarantine.c[column] for column in Quarantined.__dataclass_fields__]
        question = select(*columns).order_by(quarantine.c.number)
        if name is not None:
            question = question.where(quarantine.c.box == name)
        with self._engine.connect() as connection:
            for row in connection.execute(question):
                yield Quarantined(*row)


def _box_of(topic: str) -> str:
    try:
        return topics.parse(topic).box
    except Refused:
        return ""


_COUNTS: ColumnElement[bool] = (event.c.seq <= box.c.through) & event.c.objection.is_(None)
