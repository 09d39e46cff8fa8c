"""Tells boxes what is kept of theirs, so that the last word the broker retains is the ledger's own.

Two receivers may keep events of one box one after the other and tell of them the other way round. So when the broker has
taken a receipt, the ledger is asked once more: if it has moved on meanwhile, its place is told again. Whoever tells last
has then read the ledger after everything that was committed before, and whatever is committed later is told later.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from central.receiver.chain import Place
from central.receiver.ledger import Kept
from device.sync import topics
from device.sync.broker_link import BrokerLink


class Receipts(Protocol):
    """Who reads the ledger and signs."""

    def places(self, boxes: Collection[str]) -> Kept:
        """Give how far the ledger has these boxes."""

    def receipt(self, box: str, place: Place, time: datetime) -> bytes:
        """Sign what is kept of a box."""


@dataclass
class Herald:
    """Publishes receipts on one connection; the broker retains them for boxes that are away."""

    broker: BrokerLink
    receipts: Receipts

    _told: dict[int, tuple[str, Place]] = field(init=False, default_factory=dict)  # by the message's number

    def tell(self, kept: Kept) -> None:
        """Publish what was committed.

        Raises:
            Waiting: The connection is gone.
        """
        for box, place in kept.places.items():
            jws = self.receipts.receipt(box, place, kept.time)
            self._told[self.broker.publish(topics.receipt(box), jws, retain=True)] = box, place

    def look_again(self, taken: Iterable[int]) -> None:
        """Ask the ledger once more about the boxes whose receipts the broker has taken.

        Args:
            taken: Numbers of the messages that the broker has acknowledged.

        Raises:
            Waiting: The connection or the database is gone.
        """
        told = dict(self._told.pop(number) for number in taken if number in self._told)
        if not told:
            return
        now = self.receipts.places(list(told))
        now.places = {box: place for box, place in now.places.items() if place != told[box]}
        self.tell(now)
