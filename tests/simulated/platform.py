"""A platform that does as the test says: it answers, is silent, forges."""

import base64
import json
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from device.errors import Waiting
from device.record.event import NO_EVENT
from device.record.keys import Jwks
from device.record.receipt import Receipt, seal_receipt
from device.record.signed_event import hash_of
from device.record.signing_key import SigningKey
from device.sync import topics
from device.sync.broker_link import BrokerLink
from device.sync.link import Link, from_url
from device.sync.message import Message


def number_of(event: bytes) -> int:
    """Give an event's number, unverified."""
    part = event.split(b".")[1]
    return int(json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))["seq"])


@dataclass
class Platform:
    """Takes one box's events, verifies nothing, and receipts them as far as none is missing."""

    url: str
    box: str = "kz-ala-0001"
    key: SigningKey = field(default_factory=lambda: SigningKey.create(None))
    answering: bool = True
    losing: set[int] = field(default_factory=set)  # numbers that never arrive
    came: list[int] = field(
        default_factory=list
    )  # numbers, in the order of their arrival, duplicates as well
    kept: dict[int, bytes] = field(default_factory=dict)
    presences: list[str] = field(default_factory=list)

    _stop: threading.Event = field(init=False, default_factory=threading.Event)
    _ready: threading.Event = field(init=False, default_factory=threading.Event)
    _say: list[bytes] = field(init=False, default_factory=list)

    @property
    def keys(self) -> Jwks:
        """What boxes verify its receipts with."""
        return Jwks.of([self.key.public])

    def link(self) -> Link:
        """Give its way to the broker."""
        return from_url(self.url, "platform")

    def say(self, receipt: bytes) -> None:
        """Publish bytes as the box's receipt, whatever they are."""
        self._say.append(receipt)

    def receipt(self, through: int, head: str | None = None, **changes: object) -> bytes:
        """Sign a receipt."""
        known = hash_of(self.kept[through]) if through in self.kept else NO_EVENT
        truth = Receipt(self.box, through, known if head is None else head, datetime.now(UTC))
        return seal_receipt(replace(truth, **changes), self.key)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        self._stop.clear()
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="platform", daemon=True)
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        link = replace(self.link(), session_expiry=0, largest_packet=1_000_000)
        while not self._stop.is_set():
            try:
                with BrokerLink(link, [topics.event(self.box), topics.presence(self.box)]) as broker:
                    self._ready.set()
                    while not self._stop.is_set():
                        self._serve(broker)
            except Waiting:
                self._stop.wait(0.05)

    def _serve(self, broker: BrokerLink) -> None:
        events = []
        for message in broker.turn(0.02):
            if isinstance(message, Message) and message.topic == topics.event(self.box):
                events.append(message.payload)
            elif isinstance(message, Message):
                self.presences.append(json.loads(message.payload)["state"])
        for event in events:
            number = number_of(event)
            self.came.append(number)
            if number not in self.losing:
                self.kept[number] = event
        if events and self.answering:
            through = 0
            while through + 1 in self.kept:
                through += 1
            self.say(self.receipt(through))
        while self._say:
            broker.publish(topics.receipt(self.box), self._say.pop(0), retain=True)
