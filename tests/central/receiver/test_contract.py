"""The published schemas, held against what a box writes and what a box reads."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from central.receiver.contract import KINDS, Contract, shipped_schemas
from device.errors import Refused
from device.record.event import TYPES, Clock, Event, Stamp, decode, encode
from device.record.receipt import Receipt
from device.record.reports import Report
from device.record.shape import read, write
from tests.simulated import reports

SCHEMAS = shipped_schemas()
CONTRACT = Contract.shipped()
STAMP = Stamp(Clock("synchronised", 12), "3cf6d579-34f6-4769-b05c-5739868a08d2", 1_183.25)


def content(report: Report) -> dict[str, Any]:
    event = Event(
        "kz-ala-0001", 7, "c0" * 32, datetime(2026, 7, 1, 14, 33, 3, 250_000, tzinfo=UTC), report, STAMP
    )
    parsed: dict[str, Any] = json.loads(encode(event))
    return parsed


def accepted_by_the_box(event: dict[str, Any]) -> bool:
    try:
        decode(json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except Refused:
        return False
    return True


def places(part: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the ways to every value within."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in inner:
        yield (*way, name)
        yield from places(value, (*way, name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMAS[name]["description"]


def test_there_is_a_schema_for_each_type_that_a_box_writes() -> None:
    assert {f"kz.estu.{kind}.v1" for kind in KINDS} == set(TYPES.values())
    assert set(SCHEMAS["event.json"]["properties"]["type"]["enum"]) == set(TYPES.values())


@pytest.mark.parametrize("report", reports.ALL, ids=lambda report: type(report).__name__)
def test_what_a_box_writes_fits_its_schema(report: Report) -> None:
    assert CONTRACT.objection(content(report)) is None


@pytest.mark.parametrize("report", reports.ALL, ids=lambda report: type(report).__name__)
def test_schema_and_box_agree_on_an_event_with_any_member_taken_away_or_added(report: Report) -> None:
    for way in list(places(content(report))):
        for change in ("remove", "add"):
            event = content(report)
            part: Any = event
            for name in way[:-1]:
                part = part[name]
            if change == "remove":
                del part[way[-1]]
            elif isinstance(part, dict):
                part["extra"] = 1
            assert (CONTRACT.objection(event) is None) == accepted_by_the_box(event), (change, way)


ODD_TEXTS = """
|x|0|play|film|candidate|unknown|microphone-lost|kz-ala-0001|T0345246801|T-034.524.680-1|KZA012600001|12345678901
1234567890１|AAA=|AAAA|A|2026-07-01T14:33:03.250Z|2026-07-01T14:33:03Z|2026-07-01 14:33:03.250Z
3cf6d579-34f6-4769-b05c-5739868a08d2|3CF6D579-34F6-4769-B05C-5739868A08D2
"""
HEX = "c0" * 32
ODD = st.one_of(
    st.sampled_from(re.split(r"[|\n]", ODD_TEXTS)),
    st.sampled_from(["a\n", "\0", "a" * 65, "é" * 41, "x" * 501, "x" * 1001, HEX, HEX + "\n", HEX.upper()]),
    st.sampled_from([None, True, False, 0, -1, 1, 2**53, -(2**53), 0.5, -0.5, 1e9, -1e9, 11.0]),
    st.sampled_from([[], [1], [[1, 2]], [[-1, 2]], [[1, 2, 3]], {}, {"x": 1}]),
)


@pytest.mark.parametrize("report", reports.ALL, ids=lambda report: type(report).__name__)
@given(drawn=st.data())
def test_schema_and_box_agree_on_an_event_with_any_value_replaced(
    report: Report, drawn: st.DataObject
) -> None:
    event = content(report)
    way = drawn.draw(st.sampled_from(list(places(event))))
    value = drawn.draw(ODD)
    part: Any = event
    for name in way[:-1]:
        part = part[name]
    if isinstance(value, float) and value.is_integer() and isinstance(part[way[-1]], int):
        return  # 11.0 is an integer to JSON Schema, and not to the box
    part[way[-1]] = value
    if "detail" in way:
        return
    objection = CONTRACT.objection(event)
    assert (objection is None) == accepted_by_the_box(event), (way, value, objection)


def test_an_objection_names_the_place_and_stays_short() -> None:
    event = content(reports.PLAY)
    event["data"]["recording"]["isrc"] = "x" * 100_000
    objection = CONTRACT.objection(event)
    assert objection is not None
    assert objection.startswith("$.data.recording.isrc: ")
    assert len(objection) <= 400


@pytest.mark.parametrize("report", reports.ALL, ids=lambda report: type(report).__name__)
def test_an_objection_says_nothing_that_an_outsider_wrote(report: Report) -> None:
    odd = "\u202e\x00outsider"
    for way in list(places(content(report))):
        for change in ("value", "name"):
            event = content(report)
            part: Any = event
            for name in way[:-1]:
                part = part[name]
            if change == "name" and isinstance(part, dict):
                part[odd] = part.pop(way[-1])
            else:
                part[way[-1]] = odd
            objection = CONTRACT.objection(event)
            assert objection is None or (objection.isprintable() and "outsider" not in objection), way


@pytest.mark.parametrize("kind", ["kz.estu.play.v2", None, 7, ["kz.estu.play.v1"], "incident"])
def test_a_type_that_the_contract_has_not_is_objected_to(kind: object) -> None:
    assert CONTRACT.objection(content(reports.PLAY) | {"type": kind}) is not None


def test_an_event_may_not_be_named_for_another_number_or_box() -> None:
    event = content(reports.INCIDENT)
    assert CONTRACT.objection(event | {"id": "kz-ala-0001/8"}) is not None
    assert CONTRACT.objection(event | {"source": "urn:estu:box:kz-ala-0002"}) is not None


@given(
    through=st.integers(-1, 2**53) | st.sampled_from([None, "1", True]),
    head=st.sampled_from(["0" * 64, "c0" * 32, "C0" * 32, "c0" * 31, "c0" * 32 + "\n", None]),
    box=st.sampled_from(["kz-ala-0001", "KZ", "", None, "kz-ala-0001\n"]),
)
def test_schema_and_box_agree_on_the_form_of_a_receipt(through: object, head: object, box: object) -> None:
    receipt = {"box": box, "through": through, "head": head, "time": "2026-07-01T14:33:03.250Z"}
    validator = Draft202012Validator(SCHEMAS["receipt.json"])
    by_schema = not any("\n" in str(value) for value in receipt.values()) and validator.is_valid(receipt)
    try:
        by_box = write(read(Receipt, receipt)) == receipt
    except Refused:
        by_box = False
    assert by_schema == by_box
