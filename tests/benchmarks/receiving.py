"""What an event costs the platform: its signature and schema verified, and kept in the ledger, without the network."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from central.receiver import tables
from central.receiver.contract import Contract
from central.receiver.intake import Delivery, Rejected, SignedEvent, examine
from central.receiver.ledger import Ledger
from device.record.keys import Jwks
from device.sync import topics
from tests.benchmarks.figure import Figure, stopwatch
from tests.benchmarks.processor import processor_seconds
from tests.simulated.postgresql import PostgreSql
from tests.simulated.reports import COVERAGE, PLAY
from tests.simulated.signing_box import SigningBox

EVENTS = 4_000
YEARS = 600_000  # events: three years of one box
BATCH = 256  # events, as the receiver takes them when there are enough
_LIMIT = "bare Ed25519 verification"


def measure() -> Iterator[Figure]:
    """Verify events, and keep them in SQLite and in PostgreSQL."""
    box = SigningBox()
    for number in range(EVENTS):
        report = PLAY if number % 2 else COVERAGE
        box.events.append(box.signed(number + 1, box.head, report=report))
    limit = EVENTS / _bare(box.events)
    keys, contract, now = Jwks.of([box.key.public]), Contract.shipped(), datetime.now(UTC)
    topic = topics.event(box.name)
    with stopwatch() as examining:
        examined = [examine(Delivery(topic, jws), keys, contract, now) for jws in box.events]
    yield Figure("verified: signature, schema", EVENTS / examining.seconds, "events/s", _LIMIT, limit, True)
    with tempfile.TemporaryDirectory(dir=Path.cwd() / "build") as folder:
        kept = _keep(examined, f"sqlite:///{folder}/ledger.sqlite", lambda: 0.0)
        yield from _growth(f"sqlite:///{folder}/grown.sqlite", box, kept, keys, contract)
    rate = EVENTS / (examining.seconds + kept)
    yield Figure("verified and kept in SQLite, a core", rate, "events/s", _LIMIT, limit, True)
    with PostgreSql(durable=True) as server:
        kept = _keep(examined, server.create(), lambda: processor_seconds(server.process, with_children=True))
    rate = EVENTS / (examining.seconds + kept)
    yield Figure(
        "verified and kept in PostgreSQL, a core, its server's work included",
        *(rate, "events/s", _LIMIT, limit),
        more_is_better=True,
    )


def _keep(examined: list[SignedEvent | Rejected], url: str, elsewhere: Callable[[], float]) -> float:
    """Give the processor seconds that keeping takes, here and elsewhere."""
    with closing(Ledger.open(url)) as ledger:
        before = elsewhere()
        with stopwatch() as keeping:
            for start in range(0, EVENTS, BATCH):
                ledger.keep(examined[start : start + BATCH], datetime.now(UTC))
        return keeping.seconds + elsewhere() - before


def _growth(url: str, box: SigningBox, kept: float, keys: Jwks, contract: Contract) -> Iterator[Figure]:
    """Keep a box's events where the ledger has years of them already.

    Args:
        url: A database that is not there yet.
        box: The box.
        kept: Processor seconds that keeping as many took in an empty ledger.
        keys: The box's.
        contract: The schemas.
    """
    size, hash_ = len(box.events[0]), "ab" * 32
    with closing(Ledger.open(url)) as ledger, ledger.engine.begin() as connection:
        at = datetime.now(UTC).replace(tzinfo=None)
        connection.execute(
            insert(tables.box), {"name": box.name, "through": YEARS, "head": hash_, "heard": at}
        )
        for start in range(1, YEARS, 10_000):
            rows = [
                {
                    "box": box.name,
                    "seq": seq,
                    "hash": hash_,
                    "prev": hash_,
                    "received": at,
                    "jws": bytes(size),
                }
                | {"type": "kz.estu.incident.v1" if seq % 10 == 0 else "kz.estu.play.v1", "time": str(seq)}
                for seq in range(start, start + 10_000)
            ]
            connection.execute(insert(tables.event), rows)
    later = SigningBox(box.name, box.key)
    for number in range(EVENTS):
        report = PLAY if number % 2 else COVERAGE
        later.events.append(
            later.signed(YEARS + 1 + number, later.head if later.events else hash_, report=report)
        )
    topic, now = topics.event(box.name), datetime.now(UTC)
    examined = [examine(Delivery(topic, jws), keys, contract, now) for jws in later.events]
    grown = _keep(examined, url, lambda: 0.0)
    with closing(Ledger.open(url)) as ledger:
        assert ledger.places()[box.name].through == YEARS + EVENTS
    what, against = f"kept in SQLite behind {YEARS:,} events of its box", "in an empty ledger"
    yield Figure(what, 1e6 * grown / EVENTS, "us", against, 1e6 * kept / EVENTS)


def _bare(messages: list[bytes]) -> float:
    """Give the processor seconds that the signatures alone take."""
    key = Ed25519PrivateKey.generate()
    signed = [(message, key.sign(message)) for message in messages]
    public = key.public_key()
    with stopwatch() as bare:
        for message, signature in signed:
            public.verify(signature, message)
    return bare.seconds
