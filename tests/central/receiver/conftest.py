"""A ledger, keys, and what comes in."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.receiver.contract import Contract
from central.receiver.intake import Delivery, Rejected, SignedEvent, examine
from central.receiver.ledger import Kept, Ledger
from device.record.keys import Jwks
from device.sync import topics
from tests.simulated.postgresql import PostgreSql
from tests.simulated.signing_box import SigningBox

NOW = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract.shipped()


@pytest.fixture
def box() -> SigningBox:
    return SigningBox()


@pytest.fixture
def examined(contract: Contract, box: SigningBox) -> Callable[..., SignedEvent | Rejected]:
    """Look at bytes as if they had come from the box, or under another's name."""

    def look(payload: bytes, name: str = box.name, keys: Jwks | None = None) -> SignedEvent | Rejected:
        keys = keys or Jwks.of([box.key.public])
        return examine(Delivery(topics.event(name), payload), keys, contract, NOW)

    return look


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    with PostgreSql() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind: what holds for one holds for the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    server: PostgreSql = request.getfixturevalue("postgresql")
    return server.create()


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    opened = Ledger.open(database_url)
    yield opened
    opened.close()


@pytest.fixture
def keep(ledger: Ledger, examined: Callable[..., SignedEvent | Rejected]) -> Callable[..., Kept]:
    """Let events come in, as one batch."""

    def come(*payloads: bytes) -> Kept:
        return ledger.keep([examined(payload) for payload in payloads], NOW)

    return come
