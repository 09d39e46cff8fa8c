"""The loop of `estu-central receive`: deliveries in, kept, receipted, acknowledged, in this order.

Nothing that the broker has taken from a box counts before it is committed here; so the broker holds no session for a
receiver. What was under way when a receiver, the broker or a network died has no receipt, and its box sends it again.
"""

import logging
import random
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Event

from central.receiver.boxes import BoxKeys
from central.receiver.chain import Place
from central.receiver.contract import Contract
from central.receiver.herald import Herald
from central.receiver.intake import Delivery, examine
from central.receiver.ledger import Kept, Ledger
from device.errors import Waiting
from device.host import service
from device.record.receipt import Receipt, seal_receipt
from device.record.signature import Signer
from device.sync import topics
from device.sync.backoff import Backoff
from device.sync.broker_link import BrokerLink
from device.sync.link import Link
from device.sync.message import Acknowledged, Message

log_of_service = logging.getLogger("estu.receiver")

_LOOK = 0.5  # seconds between looks at the stop signal and the keys
_GATHER = 0.05  # seconds that more is waited for where there was more than one message
_BATCH = 256  # messages; the broker sends no more ahead of our acknowledgements
_STABLE = 10.0  # seconds after which a connection counts as a success
_TOLD = 60.0  # seconds between two summaries in the service's log


@dataclass
class Tally:
    """What was done since the receiver started."""

    fresh: int = 0
    duplicates: int = 0
    quarantined: int = 0
    batches: int = 0
    receipts: int = 0

    def add(self, kept: Kept) -> None:
        """Count a batch."""
        self.fresh += kept.fresh
        self.duplicates += kept.duplicates
        self.quarantined += len(kept.quarantined)
        self.batches += 1
        self.receipts += len(kept.places)


@dataclass
class Receiver:
    """What a receiver works with; any number of them share the boxes' events."""

    keys: BoxKeys
    contract: Contract
    signer: Signer  # signs receipts
    ledger: Ledger
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def group(self) -> str:
        """The name under which this platform's receivers share the events.

        A box that could guess it would swallow a share of all boxes' events, since brokers check what is read and not
        always what is subscribed to. An Ed25519 signature of fixed bytes is the same for all who have the key, and
        known to nobody else.
        """
        return sha256(self.signer.sign(b"estu: the group of the receivers")).hexdigest()[:32]

    def take(self, deliveries: Iterable[Delivery]) -> Kept:
        """Examine a batch and keep it.

        Raises:
            Waiting: The database is away; nothing was kept, and nothing may be acknowledged.
        """
        now, keys = self.now(), self.keys.current()
        kept = self.ledger.keep([examine(delivery, keys, self.contract, now) for delivery in deliveries], now)
        for topic, objection in kept.quarantined:
            log_of_service.warning(
                "Quarantined from %s: %s [%s]", topic[:64], objection.words, objection.reason
            )
        return kept

    def places(self, boxes: Collection[str] | None = None) -> Kept:
        """Give how far the ledger has all boxes, or these, as something to be receipted.

        Raises:
            Waiting: The database is away.
        """
        before = self.now()  # what another receiver commits while we read is younger than our receipt
        return Kept(before, self.ledger.places(boxes))

    def receipt(self, box: str, place: Place, time: datetime) -> bytes:
        """Sign what is kept of a box."""
        return seal_receipt(Receipt(box, place.through, place.head, time), self.signer)


def serve(link: Link, receiver: Receiver, stop: Event, longest_pause: float = 30.0) -> Tally:
    """Receive until told to stop.

    Args:
        link: The broker; its session expires at once, and it may send as many messages ahead as make a good batch.
        receiver: Keys, contract and ledger.
        stop: Set from outside, by a signal.
        longest_pause: Seconds between two tries to reach the broker or the database.

    Returns:
        What was done.
    """
    backoff = Backoff(first=1.0, longest=longest_pause)
    tally = Tally()
    said = ""
    while not stop.is_set():
        try:
            _receive(link, receiver, stop, backoff, tally)
        except Waiting as waiting:
            if waiting.code != said:
                log_of_service.warning("%s", waiting)
            said = waiting.code
            service.alive()  # it waits, it does not hang
            service.status(waiting.message)
            stop.wait(backoff.failed(random.random()))  # noqa: S311 - spreads receivers over time, guards nothing
    return tally


def _gathered(broker: BrokerLink) -> list[Message | Acknowledged]:
    """Give what has come; where much comes, a little more of it, since a transaction costs as much as forty events."""
    come = broker.turn(_LOOK)
    until = time.monotonic() + _GATHER
    while (
        1 < sum(isinstance(one, Message) for one in come) < _BATCH and (left := until - time.monotonic()) > 0
    ):
        come += broker.turn(left)
    return come


def _receive(link: Link, receiver: Receiver, stop: Event, backoff: Backoff, tally: Tally) -> None:
    """Hold one connection."""
    with BrokerLink(link, [topics.shared_events(receiver.group)], by_hand=True) as broker:
        begun = told = time.monotonic()
        herald = Herald(broker, receiver)
        herald.tell(receiver.places())
        log_of_service.info("Receiving from %s.", link)
        service.ready(f"Receiving from {link}.")
        while not stop.is_set():
            service.alive()
            come = _gathered(broker)
            messages = [one for one in come if isinstance(one, Message)]
            if messages:
                kept = receiver.take(Delivery(message.topic, message.payload) for message in messages)
                herald.tell(kept)
                for message in messages:
                    broker.acknowledge(message)
                tally.add(kept)
            herald.look_again([one.number for one in come if isinstance(one, Acknowledged)])
            now = time.monotonic()
            if now - begun > _STABLE:
                backoff.succeeded()
            if now - told > _TOLD:
                log_of_service.info("%s", tally)
                service.status(str(tally))
                told = now
