"""Events: what a box writes, every reader reads."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.record import limits
from device.record.event import KINDS, TYPES, Event, Stamp, decode, encode
from device.record.field import Binary, Free, Number, Text, Whole
from device.record.reports import (
    CorrectedEvents,
    CorrectionReport,
    PlayReport,
    Report,
    UnidentifiedReport,
)
from device.record.shape import Many
from tests.device.record.one_event import PREV, TIME, event


def of_rule(rule: Any) -> st.SearchStrategy[Any]:
    """Draw whatever a rule of the contract allows."""
    match rule:
        case Text(longest, pattern) if pattern:
            ascii_only = st.characters(min_codepoint=1, max_codepoint=126)
            texts = st.from_regex(pattern, fullmatch=True, alphabet=ascii_only)
            return texts.filter(lambda text: len(text) <= longest)
        case Text():
            return st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
        case Number(least, most, digits):
            return st.floats(least, most).map(lambda number: round(number, digits))
        case Whole(least, most):
            return st.integers(least, most)
        case Binary():
            return st.binary(max_size=40)
        case Free():
            return st.dictionaries(st.sampled_from(["usb", "by"]), st.none() | st.integers(0, 9), max_size=2)
    raise AssertionError(rule)


@cache
def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Draw whatever an annotation of the contract allows."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated and isinstance(parts[1], Many):
        return st.lists(anything(get_args(parts[0])[0]), max_size=2).map(tuple)
    if origin is Annotated:
        return of_rule(parts[1])
    if origin in (Union, UnionType):
        return st.none() | anything(next(part for part in parts if part is not NoneType))
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is tuple:
        return st.tuples(*(anything(part) for part in parts))
    if hint is bool:
        return st.booleans()
    if hint is datetime:
        whole = st.datetimes(timezones=st.just(UTC))
        return whole.map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))
    hints = get_type_hints(hint, include_extras=True)
    return st.builds(hint, **{field.name: anything(hints[field.name]) for field in fields(hint)})


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
@settings(max_examples=50)
@given(drawn=st.data())
def test_whatever_the_contract_allows_is_read_as_it_was_written(
    kind: type[Report], drawn: st.DataObject
) -> None:
    stamp = drawn.draw(anything(Stamp))
    written = Event("abay-theatre-1", 7, PREV, TIME, drawn.draw(anything(kind)), stamp)
    assert decode(encode(written)) == written
    assert encode(decode(encode(written))) == encode(written)


def test_a_play_is_spelt_as_the_contract_says(play: PlayReport) -> None:
    content = json.loads(encode(event(play)))
    assert list(content) == [
        *("specversion", "id", "source", "type", "time", "datacontenttype", "box", "seq", "prev", "data"),
    ]
    assert content | {"data": None} == {
        "specversion": "1.0",
        "id": "abay-theatre-1/7",
        "source": "urn:estu:box:abay-theatre-1",
        "type": "kz.estu.play.v1",
        "time": "2026-11-22T14:33:03.250Z",
        "datacontenttype": "application/json",
        "box": "abay-theatre-1",
        "seq": 7,
        "prev": PREV,
        "data": None,
    }
    assert content["data"] == {
        "status": "identified",
        "kind": "recording",
        "recording": {
            "id": "kz-000123",
            "isrc": "KZA012600001",
            "title": "Желсіз түнде жарық ай",
            "artist": "Р. Жұбатова",
            "label": None,
        },
        "alternatives": [
            {
                "id": "kz-000124",
                "isrc": None,
                "title": "Желсіз түнде жарық ай",
                "artist": "Р. Жұбатова",
                "label": None,
            }
        ],
        "works": [
            {
                "iswc": "T0345246801",
                "title": "Желсіз түнде жарық ай",
                "creators": [{"name": "Абай", "role": "C", "ipi": "00012345678"}],
            }
        ],
        "start": "2026-11-22T14:30:00.000Z",
        "end": "2026-11-22T14:33:02.500Z",
        "start_monotonic": 1000.0,
        "end_monotonic": 1182.5,
        "seconds_heard": 171.25,
        "spans": [[0.0, 120.0], [131.25, 182.5]],
        "reference_start": 3.2,
        "tempo": 1.0021,
        "score": 0.8713,
        "threshold": 0.62,
        "false_alarms": 0.000013,
        "runner_up": {"recording": "kz-000777", "score": 0.4102},
        "margin": 0.5208,
        "windows": 29,
        "windows_agreeing": 27,
        "groups_agreeing": 8,
        "evidence": [
            {"at": 40.5, "reference": 43.7, "similarity": 0.712, "density": 0.301, "weight": 0.9313},
            {"at": 41.0, "reference": 44.2, "similarity": None, "density": 0.287, "weight": -0.5},
        ],
        "model": "1a" * 32,
        "catalogue": "2b" * 32,
        "level_dbfs": -31.4,
        "snr_db": None,
        "ai_generated": False,
        "clock": {"state": "synchronised", "error_ms": 12},
        "boot": "3cf6d579-34f6-4769-b05c-5739868a08d2",
        "monotonic": 1183.25,
    }


def test_a_correction_names_the_events_from_and_to() -> None:
    report = CorrectionReport(CorrectedEvents(3, 6), -86_400_000, "The clock was a day ahead.")
    content = json.loads(encode(event(report)))
    assert content["data"]["corrects"] == {"from": 3, "to": 6}
    assert decode(encode(event(report))).report == report


def test_each_type_of_the_contract_has_one_kind_of_report() -> None:
    names = [
        f"kz.estu.{name}.v1"
        for name in ("play", "unidentified", "coverage", "boot", "incident", "correction")
    ]
    assert list(KINDS) == names
    assert [TYPES[kind] for kind in KINDS.values()] == names


def test_the_largest_unidentified_fits_into_an_event() -> None:
    report = UnidentifiedReport(
        start=TIME,
        end=TIME,
        start_monotonic=0.0,
        end_monotonic=384.0,
        seconds_heard=384.0,
        hop=1.0,
        dimension=128,
        embeddings=bytes(limits.VECTOR_BYTES),
        model="1a" * 32,
        catalogue="2b" * 32,
        level_dbfs=-30.0,
        snr_db=None,
    )
    assert decode(encode(event(report))).report == report


def test_a_title_with_every_kind_of_letter_survives(play: PlayReport) -> None:
    title = 'Әлқисса "тырнақша" \\ \u2028 🎼\t'
    written = event(replace(play, recording=replace(play.recording, title=title)))
    assert decode(encode(written)) == written
