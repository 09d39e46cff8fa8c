"""Receipts and notices, as the platform signs them; and what a box refuses, with its reason."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from central.vectors.keys import BOX, BOX_KEY, OTHER_BOX, OTHER_PLATFORM_KEY, PLATFORM_KEY
from central.vectors.reports import EVENING
from central.vectors.writing import compact
from device.record.event import NO_EVENT
from device.record.json_text import dump
from device.record.notice import Notice, Words, seal_notice
from device.record.receipt import Receipt, seal_receipt
from device.record.signature import EVENT_TYP, NOTICE_TYP, RECEIPT_TYP
from device.record.signing_key import SigningKey

ANSWERED = EVENING + timedelta(hours=1)
HEAD = "d4" * 32
NOTICE = Notice(
    box=BOX,
    id="visit-7",
    time=ANSWERED,
    until=ANSWERED + timedelta(days=7),
    code="visit",
    text=Words("Техник сейсенбіде келеді.", "Техник придёт во вторник.", "A technician comes on Tuesday."),
)


@dataclass(frozen=True)
class Answer:
    """Something that the platform, or somebody who would like to be it, says to the first box."""

    name: str
    about: str
    jws: bytes
    reason: str | None = None  # why the box refuses it


def receipt(
    through: int, head: str, box: str = BOX, key: SigningKey = PLATFORM_KEY, time: datetime = ANSWERED
) -> bytes:
    """Sign a receipt."""
    return seal_receipt(Receipt(box, through, head, time), key)


def all_receipts() -> Iterator[Answer]:
    """Give all receipts."""
    whole = {"box": BOX, "through": 7, "head": HEAD, "time": "2026-07-01T15:00:00.000Z"}
    good = receipt(7, HEAD)
    yield Answer("receipt", "All up to event 7.", good)
    yield Answer("nothing-yet", "The platform has none.", receipt(0, NO_EVENT))
    yield Answer("largest-number", "The largest number that version 1 has.", receipt(2**53 - 1, HEAD))
    yield Answer(
        "other-spelling",
        "Members in another order, spaces and escapes: JSON leaves that open, and only the signed bytes count.",
        compact(
            f'{{ "typ": "{RECEIPT_TYP}", "kid": "{PLATFORM_KEY.public.kid}",\n"alg": "EdDSA" }}'.encode(),
            json.dumps(dict(reversed(whole.items())), indent=1).replace("kz", "\\u006bz").encode(),
            PLATFORM_KEY,
        ),
    )
    header, _, signature = good.split(b".")
    altered = b".".join([header, receipt(8, HEAD).split(b".")[1], signature])
    yield Answer("altered", "The number was altered.", altered, "signature-wrong")
    yield Answer(
        "of-another-platform", "Another platform's.", receipt(7, HEAD, key=OTHER_PLATFORM_KEY), "key-unknown"
    )
    yield Answer("of-a-box", "A box's key signs no receipts.", receipt(7, HEAD, key=BOX_KEY), "key-unknown")
    yield Answer("typ-event", "An event is no receipt.", _spoilt(whole, typ=EVENT_TYP), "jws-malformed")
    yield Answer("line-end", "A line feed after it.", good + b"\n", "jws-malformed")
    yield Answer("too-long", "More than 2048 bytes.", _spoilt(whole, {"box": "x" * 2_000}), "jws-malformed")
    for name, about, changed in (
        ("member", "A member too many.", {"note": ""}),
        ("through-negative", "Less than none.", {"through": -1}),
        ("through-text", "A number as text.", {"through": "7"}),
        ("through-too-large", "2^53.", {"through": 2**53}),
        ("head-capitals", "Hashes are written small.", {"head": HEAD.upper()}),
        ("head-of-nothing", "A hash where there is no event.", {"through": 0}),
        ("no-head", "An event without its hash.", {"head": NO_EVENT}),
        ("time-offset", "A time that is not written with Z.", {"time": "2026-07-01T20:00:00.000+05:00"}),
        ("box-name", "No box has such a name.", {"box": "KZ"}),
    ):
        yield Answer(name, about, _spoilt(whole, changed), "receipt-malformed")


def all_notices() -> Iterator[Answer]:
    """Give all notices."""
    whole: dict[str, Any] = json.loads(_payload(seal_notice(NOTICE, PLATFORM_KEY)))
    yield Answer("notice", "A visit is announced.", seal_notice(NOTICE, PLATFORM_KEY))
    yield Answer("no-end", "A notice that stays.", seal_notice(replace(NOTICE, until=None), PLATFORM_KEY))
    yield Answer(
        "for-another-box",
        "It went astray.",
        seal_notice(replace(NOTICE, box=OTHER_BOX), PLATFORM_KEY),
        "notice-other-box",
    )
    yield Answer("of-a-box", "A box says nothing to another.", seal_notice(NOTICE, BOX_KEY), "key-unknown")
    yield Answer("typ-receipt", "A receipt is no notice.", _spoilt(whole, typ=RECEIPT_TYP), "jws-malformed")
    yield Answer(
        "no-kazakh",
        "A language is missing.",
        _spoilt(whole, {"text": {"ru": "", "en": ""}}, NOTICE_TYP),
        "event-malformed",
    )
    yield Answer(
        "id", "An id with a space.", _spoilt(whole, {"id": "visit 7"}, NOTICE_TYP), "event-malformed"
    )


def _spoilt(whole: dict[str, Any], changed: dict[str, Any] | None = None, typ: str = RECEIPT_TYP) -> bytes:
    header = {"alg": "EdDSA", "kid": PLATFORM_KEY.public.kid, "typ": typ}
    return compact(header, dump(whole | (changed or {})), PLATFORM_KEY)


def _payload(jws: bytes) -> bytes:
    from device.record.signature import unverified_payload

    return unverified_payload(jws)
