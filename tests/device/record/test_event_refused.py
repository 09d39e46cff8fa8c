"""Events off the contract: altered, too large or no event at all, and what is said of them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import Refused
from device.record import limits
from device.record.event import NO_EVENT, decode, encode
from device.record.reports import (
    BootReport,
    CoverageReport,
    IncidentReport,
    LogFound,
    PlayReport,
)
from tests.device.record.one_event import PREV, event


def altered(content: dict[str, Any], path: str, value: Any) -> bytes:
    *way, last = path.split(".")
    part = content
    for name in way:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("specversion", "0.3", "specversion"),
        ("id", "abay-theatre-1/8", "id or source"),
        ("id", "other-box/7", "id or source"),
        ("source", "urn:estu:box:other-box", "id or source"),
        ("type", "kz.estu.play.v2", "type"),
        ("type", "kz.estu.coverage.v1", "not in the contract"),
        ("time", "2026-11-22T14:33:03Z", "time"),
        ("time", "2026-11-22T19:33:03.250+05:00", "time"),
        ("datacontenttype", "text/xml", "datacontenttype"),
        ("box", "Abay", "box"),
        ("box", "ab", "box"),
        ("box", "a" * 33, "box"),
        ("seq", 0, "seq"),
        ("seq", -1, "seq"),
        ("seq", 7.0, "seq"),
        ("seq", "7", "seq"),
        ("seq", True, "seq"),
        ("seq", 2**53, "seq"),
        ("prev", "c0" * 31, "prev"),
        ("prev", "C0" * 32, "prev"),
        ("prev", NO_EVENT, "prev"),
        ("prev", ..., "prev"),
        ("subject", "x", "subject"),
        ("data", ..., "data"),
        ("data", [], "data"),
        ("data.clock", ..., "clock"),
        ("data.clock.state", "fine", r"clock\.state"),
        ("data.clock.error_ms", -1, r"clock\.error_ms"),
        ("data.boot", "3cf6d579", "boot"),
        ("data.monotonic", -0.001, "monotonic"),
        ("data.score", ..., "score"),
        ("data.score", None, "score"),
        ("data.score", "0.9", "score"),
        ("data.volume", 11, "volume"),
        ("data.recording.isrc", "KZ-A01-26-00001", r"recording\.isrc"),
        ("data.recording.id", "", r"recording\.id"),
        ("data.recording.title", "x" * 501, r"recording\.title"),
        ("data.works", [{}] * 51, "works"),
        ("data.spans", [[0.0, 1.0]] * 2_001, "spans"),
        ("data.ai_generated", 0, "ai_generated"),
    ],
)
def test_an_event_off_the_contract_is_refused_and_the_field_named(
    play: PlayReport, path: str, value: Any, named: str
) -> None:
    with pytest.raises(Refused, match=named) as refused:
        decode(altered(json.loads(encode(event(play))), path, value))
    assert refused.value.code == "event-malformed"


def test_only_the_first_event_follows_nothing(coverage: CoverageReport) -> None:
    first = replace(event(coverage), seq=1, prev=NO_EVENT)
    assert decode(encode(first)) == first
    with pytest.raises(Refused, match="prev"):
        decode(encode(replace(first, prev=PREV)))


def test_an_event_larger_than_the_limit_is_neither_written_nor_read(play: PlayReport) -> None:
    crowd = replace(play.works[0].creators[0], name="Ә" * limits.TITLE_CHARACTERS)
    huge = replace(play, works=(replace(play.works[0], creators=(crowd,) * limits.CREATORS),) * limits.WORKS)
    with pytest.raises(Refused, match="larger than 98304 bytes"):
        encode(event(huge))
    with pytest.raises(Refused, match="larger than 98304 bytes"):
        decode(b" " * (limits.PAYLOAD_BYTES + 1))


@given(st.binary(max_size=200))
def test_no_bytes_from_outside_do_more_than_be_refused(payload: bytes) -> None:
    with pytest.raises(Refused):
        decode(payload)


@given(drawn=st.data())
def test_no_alteration_of_an_event_does_more_than_be_refused_or_read(
    drawn: st.DataObject,
) -> None:
    boot = BootReport("0.1.0", "1a" * 32, None, None, None, LogFound(0, 0))
    report = drawn.draw(st.sampled_from([boot, IncidentReport("microphone-lost", "Gone.")]))
    text = bytearray(encode(event(report)))
    for _ in range(drawn.draw(st.integers(1, 3))):
        text[drawn.draw(st.integers(0, len(text) - 1))] = drawn.draw(st.integers(0, 255))
    try:
        read = decode(bytes(text))
    except Refused:
        return
    assert decode(encode(read)) == read
