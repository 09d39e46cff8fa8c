"""A ledger, keys, and what comes in."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from central.receiver.contract import Contract
from central.receiver.intake import Delivery, Rejected, SignedEvent, examine
from central.receiver.ledger import Kept, Ledger
from device.record.keys import Jwks
from device.record.receipt import Receipt, unseal_receipt
from device.sync import topics
from device.sync.broker_link import BrokerLink
from device.sync.link import from_url
from device.sync.message import Acknowledged, Message
from tests.simulated.broker import Broker
from tests.simulated.postgresql import PostgreSql
from tests.simulated.signing_box import SigningBox

Examined = Callable[..., SignedEvent | Rejected]
RECEIPTS = "estu/v1/+/receipt"
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
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


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


def forge(broker: Broker, box: str, *events: bytes) -> None:
    """Publish as if one were the box."""
    deliver(broker, *(Delivery(topics.event(box), event) for event in events))


def deliver(broker: Broker, *deliveries: Delivery) -> None:
    """Publish whatever is given, and wait until the broker has taken it."""
    link = replace(from_url(broker.url, "forger"), session_expiry=0)
    with BrokerLink(link, []) as forger:
        expected = {forger.publish(delivery.topic, delivery.payload) for delivery in deliveries}
        while expected:
            expected -= {one.number for one in forger.turn(1.0) if isinstance(one, Acknowledged)}


def retained(broker: Broker, platform: Jwks) -> dict[str, Receipt]:
    """Give the receipts that a box that comes back would find."""
    link = replace(from_url(broker.url, f"watcher-{uuid4()}"), session_expiry=0)
    with BrokerLink(link, [RECEIPTS, link.client]) as watcher:
        watcher.publish(link.client, b"")  # it comes behind all that the broker had kept
        found: list[Message] = []
        while not any(one.topic == link.client for one in found):
            found += [one for one in watcher.turn(1.0) if isinstance(one, Message)]
    receipts = [unseal_receipt(one.payload, platform) for one in found if one.topic != link.client]
    return {receipt.box: receipt for receipt in receipts}
