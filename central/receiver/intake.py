"""What is let in: one delivery after the other looked at on its own, without a database, a network or a clock.

Rules:
- The signature is verified before anything is read, and only the verified bytes are read.
- Whose an event is, is said by the key that verified it; the topic and the event itself must say the same.
- What does not pass is set aside with its exact bytes and the reason; nothing is dropped.
- An event that is truly the box's own, but that the contract does not allow, keeps its place in the chain and is not
  counted. It cannot be unsigned any more, and the box's later events must not wait behind it for ever.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from central.receiver.contract import Contract
from central.receiver.legible import legible
from device.errors import Refused
from device.record import limits
from device.record.json_text import load
from device.record.keys import Jwks
from device.record.signature import EVENT_TYP, verify
from device.record.signed_event import hash_of
from device.sync import topics

_FUTURE = timedelta(days=1)  # a synchronised clock that is ahead by more is none
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Delivery:
    """A message as it came."""

    topic: str
    payload: bytes


@dataclass(frozen=True)
class Objection:
    """Why something is not counted."""

    reason: str  # short and stable, such as `signature-wrong`
    words: str


@dataclass(frozen=True)
class SignedEvent:
    """An event that its box has signed, whatever else is wrong with it."""

    box: str
    seq: int
    prev: str  # hash of the event before, hex
    hash: str  # SHA-256 of `jws`, hex
    jws: bytes
    type: str  # as it says; made legible where the contract objects
    time: str  # likewise
    topic: str  # where it came in
    objection: Objection | None  # it has a place in the chain, and is not counted


@dataclass(frozen=True)
class Rejected:
    """A delivery that is no event of the box that it claims to be of."""

    delivery: Delivery
    objection: Objection


def examine(delivery: Delivery, keys: Jwks, contract: Contract, now: datetime) -> SignedEvent | Rejected:
    """Look at one delivery.

    Args:
        delivery: Topic and bytes.
        keys: The boxes' public keys.
        contract: The schemas.
        now: UTC.
    """
    try:
        return _signed(delivery, keys, contract, now)
    except Refused as refused:
        return Rejected(delivery, Objection(refused.code, refused.message))


def _signed(delivery: Delivery, keys: Jwks, contract: Contract, now: datetime) -> SignedEvent:
    topic = topics.parse(delivery.topic)
    if topic.kind != "event":
        raise _refused("topic-unknown", f"Events do not come on {delivery.topic}.")
    verified = verify(delivery.payload, keys, EVENT_TYP)
    if verified.key.box != topic.box:
        owner = verified.key.box or "the platform"
        raise _refused("event-other-box", f"An event under the name of {topic.box} is signed by {owner}.")
    if len(verified.payload) > limits.PAYLOAD_BYTES:
        raise _refused("event-malformed", f"The event is larger than {limits.PAYLOAD_BYTES} bytes.")
    event = load(verified.payload, limits.JSON_DEPTH)
    box, seq, prev = event.get("box"), event.get("seq"), event.get("prev")
    if box != topic.box:
        raise _refused("event-other-box", f"{topic.box} has signed an event that names another box.")
    if (
        type(seq) is not int
        or not 1 <= seq <= limits.SEQ
        or not isinstance(prev, str)
        or not _HASH.fullmatch(prev)
    ):
        raise _refused("event-malformed", "The event has no number, or no hash of the one before it.")
    objection = _objection(event, contract, now)
    return SignedEvent(
        box=topic.box,
        seq=seq,
        prev=prev,
        hash=hash_of(delivery.payload),
        jws=delivery.payload,
        type=legible(str(event.get("type")), 64),
        time=legible(str(event.get("time")), 32),
        topic=delivery.topic,
        objection=objection,
    )


def _objection(event: Mapping[str, Any], contract: Contract, now: datetime) -> Objection | None:
    words = contract.objection(event)
    if words is not None:
        return Objection("event-schema", words)
    try:
        written = datetime.fromisoformat(event["time"])
    except ValueError:
        return Objection("event-schema", "$.time: is in no calendar")
    if event["data"]["clock"]["state"] == "synchronised" and written - now > _FUTURE:
        return Objection(
            "event-from-the-future", f"{event['time']} lies after {now:%Y-%m-%dT%H:%M:%SZ}, its arrival."
        )
    return None


def _refused(code: str, words: str) -> Refused:
    return Refused(code, words, "It is kept in quarantine; look at the box.")
