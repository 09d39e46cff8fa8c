"""The receiver's tables, as they are now; `migrations` has how they came to be, and a test holds the two together.

Hashes are hex text, so that a person can compare them with a receipt or a statement at the database's own prompt.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

box = Table(
    "box",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("through", BigInteger, nullable=False),  # the chain is whole up to here
    Column("head", String(64), nullable=False),  # hash of that event
    Column("heard", DateTime, nullable=False),  # UTC, when something of it last came
)

event = Table(
    "event",
    metadata,
    Column("box", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("prev", String(64), nullable=False),
    Column("type", String(64), nullable=False),
    Column("time", String(32), nullable=False),  # as in the event; sorts as text
    Column("received", DateTime, nullable=False),  # UTC
    Column("objection", String(40)),  # a reason why it is not counted; it keeps its place in the chain
    Column("jws", LargeBinary, nullable=False),  # the exact signed bytes
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("reason", String(40), nullable=False),
    Column("words", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("box", String(32)),  # by the key that verified it; null where none did
    Column("seq", BigInteger),
    Column("hash", String(64), nullable=False),  # SHA-256 of `payload`
    Column("payload", LargeBinary, nullable=False),  # the exact bytes
    Column("first", DateTime, nullable=False),  # UTC
    Column("last", DateTime, nullable=False),  # UTC
    Column(
        "times", BigInteger, nullable=False
    ),  # how often the same came; a box sends again what has no receipt
)

Index("event_by_time", event.c.box, event.c.type, event.c.time)  # a statement asks for a month's plays
Index("quarantine_once", quarantine.c.reason, quarantine.c.topic, quarantine.c.hash, unique=True)
Index("quarantine_by_box", quarantine.c.box, quarantine.c.seq)
