"""How the vectors' events are written: as a box does, and as no box should."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from central.vectors.keys import BOX_KEY
from central.vectors.reports import EVENING, INCIDENT
from device.record.event import NO_EVENT, Clock, Event, Stamp, encode
from device.record.reports import Report
from device.record.signature import EVENT_TYP, sign
from device.record.signed_event import hash_of, seal
from device.record.signing_key import SigningKey

SYNCHRONISED = Clock("synchronised", 12)
BOOT = "0f9c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b"
PREVIOUS = "c0" * 32  # the hash of some event before
ARRIVAL = EVENING + timedelta(hours=6)  # when the platform looks at the vectors' events


def event(
    seq: int = 7,
    prev: str = PREVIOUS,
    report: Report = INCIDENT,
    *,
    box: str | None = None,
    time: datetime | None = None,
    clock: Clock = SYNCHRONISED,
    key: SigningKey = BOX_KEY,
) -> Event:
    """Give an event that may stand anywhere.

    Args:
        seq: Its number.
        prev: The hash of the event before.
        report: What it reports.
        box: Whose it says it is; None is the key's owner.
        time: UTC, when it was written; None is so many minutes into the evening as its number says.
        clock: How far that can be trusted.
        key: Whose event it is.
    """
    minute = seq % 240
    stamp = Stamp(clock, BOOT, 1_000.0 + 60.0 * minute)
    return Event(box or key.box or "", seq, prev, time or EVENING + timedelta(minutes=minute), report, stamp)


def payload(one: Event) -> dict[str, Any]:
    """Give an event's JSON object, to be spoilt."""
    content: dict[str, Any] = json.loads(encode(one))
    return content


def signed(content: bytes | dict[str, Any], key: SigningKey = BOX_KEY) -> bytes:
    """Sign whatever it is as an event."""
    if isinstance(content, dict):
        content = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return sign(content, EVENT_TYP, key)


def compact(header: dict[str, Any] | bytes, content: bytes, key: SigningKey) -> bytes:
    """Sign under a header of any kind."""
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    message = base64url(text) + b"." + base64url(content)
    return message + b"." + base64url(key.sign(message))


def base64url(content: bytes) -> bytes:
    """Encode as JWS does (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def chain(
    reports: list[Report], key: SigningKey = BOX_KEY, start: int = 1, prev: str = NO_EVENT
) -> list[bytes]:
    """Give signed events that follow each other."""
    events: list[bytes] = []
    for seq, report in enumerate(reports, start):
        events.append(seal(event(seq, prev, report, key=key), key))
        prev = hash_of(events[-1])
    return events
