"""What an event costs the platform: its signature and schema verified, and kept in the ledger, without the network."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

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


def _bare(messages: list[bytes]) -> float:
    """Give the processor seconds that the signatures alone take."""
    key = Ed25519PrivateKey.generate()
    signed = [(message, key.sign(message)) for message in messages]
    public = key.public_key()
    with stopwatch() as bare:
        for message, signature in signed:
            public.verify(signature, message)
    return bare.seconds
