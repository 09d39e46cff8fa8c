"""The files of the test vectors, each made anew, byte for byte the same."""

import base64
import json
from typing import Any

from central.vectors.arrivals import all_arrivals
from central.vectors.keys import BOX, BOX_KEY, BOXES, PLATFORM, private_keys
from central.vectors.logs import all_logs
from central.vectors.receipts import Answer, all_notices, all_receipts
from central.vectors.rejected import all_rejected
from central.vectors.reports import ALL
from central.vectors.writing import ARRIVAL, event
from device.record.event import Clock, encode
from device.record.field import Moment
from device.record.link import Link
from device.record.signed_event import hash_of, seal
from device.sync import topics

_TIME = Moment().write(ARRIVAL, "time")


def all_files() -> dict[str, bytes]:
    """Give each file's content by its name."""
    return {
        "keys.json": _text({"keys": private_keys()}),
        "boxes.jwks": _text(json.loads(BOXES.as_json())),
        "platform.jwks": _text(json.loads(PLATFORM.as_json())),
        "events.json": _text({"received": _TIME, "vectors": _events()}),
        "rejected.json": _text({"received": _TIME, "vectors": _rejected()}),
        "arrivals.json": _text({"received": _TIME, "vectors": _arrivals()}),
        "logs.json": _text({"vectors": _logs()}),
        "receipts.json": _text({"box": BOX, "vectors": [_answer(one) for one in all_receipts()]}),
        "notices.json": _text({"box": BOX, "vectors": [_answer(one) for one in all_notices()]}),
        "presences.json": _text({"vectors": _presences()}),
    }


def _events() -> list[dict[str, Any]]:
    written = {name: event(report=report) for name, report in ALL.items()}
    written["clock-unsynchronised"] = event(clock=Clock("unsynchronised", None))
    written["largest-number"] = event(seq=2**53 - 1)
    found = []
    for name, one in written.items():
        jws = seal(one, BOX_KEY)
        found.append(
            {
                "name": name,
                "topic": topics.event(BOX),
                "payload": encode(one).decode("utf-8"),
                "jws": jws.decode("ascii"),
                "hash": hash_of(jws),
            }
        )
    return found


def _rejected() -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "about": one.about,
            "topic": one.topic,
            "jws": one.jws.decode("ascii"),
            "reason": one.reason,
            "keeps_place": one.keeps_place,
        }
        for one in all_rejected()
    ]


def _arrivals() -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "about": one.about,
            "steps": [
                {
                    "topic": topics.event(step.box),
                    "jws": step.jws.decode("ascii"),
                    "outcome": step.outcome,
                    "set_aside": [{"hash": hash_of(jws), "reason": reason} for jws, reason in step.set_aside],
                    "through": step.through,
                    "head": step.head,
                }
                for step in one.steps
            ],
        }
        for one in all_arrivals()
    ]


def _logs() -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "about": one.about,
            "after": _place(one.after),
            "head": _place(one.head),
            "lines": [line.decode("ascii") for line in one.lines],
            "events": one.events,
            "lost": one.lost,
            "receipted": one.receipted,
            "fault": None if one.fault is None else {"seq": one.fault[0], "reason": one.fault[1].value},
        }
        for one in all_logs()
    ]


def _answer(answer: Answer) -> dict[str, Any]:
    payload = answer.jws.split(b".")[1]
    return {
        "name": answer.name,
        "about": answer.about,
        "payload": base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)).decode("utf-8"),
        "jws": answer.jws.decode("ascii"),
        "reason": answer.reason,
    }


def _presences() -> list[dict[str, Any]]:
    since = "2026-07-01T14:00:00.000Z"
    return [
        {"name": state, "payload": json.dumps({"state": state, "software": "0.1.0", "since": since})}
        for state in ("online", "offline")
    ]


def _place(place: Link | None) -> dict[str, Any] | None:
    return None if place is None else {"seq": place.seq, "hash": place.hash}


def _text(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8") + b"\n"
