"""What fields take, and what they turn away in either direction."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import Refused
from device.record.field import Binary, Choice, Flag, Form, Free, Moment, Number, Text, Whole

NOON = datetime(2026, 7, 1, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "value", "spelt"),
    [
        (Text(5), "түнде", "түнде"),
        (Text(12, r"[A-Z]{2}[A-Z0-9]{3}\d{7}"), "KZA012600001", "KZA012600001"),
        (Number(0, 1, digits=2), 0.126, 0.13),
        (Number(0, 1), 1, 1.0),
        (Number(-1, 1), np.float32(0.5), 0.5),
        (Whole(1, 10), np.int64(10), 10),
        (Flag(), False, False),
        (Choice(("a", "b")), "b", "b"),
        (Moment(), NOON, "2026-07-01T12:00:00.123Z"),
        (Binary(3), b"\x00\xff", "AP8="),
        (Free(50, 2), {"usb": [1, None]}, {"usb": [1, None]}),
    ],
)
def test_a_value_is_spelt_and_read_back(form: Form, value: Any, spelt: Any) -> None:
    assert form.write(value, "field") == spelt
    assert type(form.write(value, "field")) is type(spelt)
    assert form.write(form.read(spelt, "field"), "field") == spelt


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Text(5), "түнде!"),
        (Text(5), 5),
        (Text(5), None),
        (Text(5), "a\0b"),
        (Text(5), "\udc80"),
        (Text(64, r"[0-9a-f]{4}"), "12aF"),
        (Text(64, r"[0-9a-f]{4}"), "12af\n"),
        (Text(64, r"\d{2}"), "٣٤"),
        (Number(0, 1), 1.01),
        (Number(0, 1), float("nan")),
        (Number(-1e9, 1e9), float("inf")),
        (Number(0, 1), True),
        (Number(0, 1), "0.5"),
        (Whole(1, 10), 0),
        (Whole(1, 10), 11),
        (Whole(1, 10), 2.0),
        (Whole(0, 1), True),
        (Flag(), 1),
        (Flag(), None),
        (Choice(("a", "b")), "c"),
        (Choice(("a", "b")), ["a"]),
        (Free(50, 2), [1]),
        (Free(50, 2), {"a": {"b": {"c": 1}}}),
        (Free(50, 2), {"a": "x" * 60}),
        (Free(50, 2), {"a": float("nan")}),
    ],
)
def test_what_a_field_does_not_allow_is_neither_written_nor_read(form: Form, value: Any) -> None:
    with pytest.raises(Refused, match="works"):
        form.read(value, "works[0].title")
    with pytest.raises(Refused, match="works"):
        form.write(value, "works[0].title")


@pytest.mark.parametrize(
    "spelt",
    [
        "2026-07-01T12:00:00Z",
        "2026-07-01T12:00:00.1234Z",
        "2026-07-01T12:00:00.123+00:00",
        "2026-07-01 12:00:00.123Z",
        "2026-02-30T12:00:00.123Z",
        "2026-07-01T24:00:00.000Z",
        "2026-07-01T12:00:60.000Z",
        "２026-07-01T12:00:00.123Z",
        1_782_900_000,
    ],
)
def test_a_time_has_one_spelling(spelt: Any) -> None:
    with pytest.raises(Refused, match="time"):
        Moment().read(spelt, "time")


@pytest.mark.parametrize(
    "value",
    [NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=5))), "2026-07-01T12:00:00.123Z"],
)
def test_a_time_that_is_not_in_utc_is_not_written(value: Any) -> None:
    with pytest.raises(Refused, match="start is not a time in UTC"):
        Moment().write(value, "start")


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_never_written_later_than_it_was(time: datetime) -> None:
    lost = time - Moment().read(Moment().write(time, "time"), "time")
    assert timedelta(0) <= lost < timedelta(milliseconds=1)


@given(st.binary(max_size=20))
def test_bytes_come_back(content: bytes) -> None:
    assert Binary(20).read(Binary(20).write(content, "embeddings"), "embeddings") == content


@pytest.mark.parametrize("spelt", ["AP8", "AP8=\n", "AP 8=", "AP8=" * 6, "_w==", 12, None])
def test_what_is_no_base64_or_too_long_is_refused(spelt: Any) -> None:
    with pytest.raises(Refused, match="base64"):
        Binary(10).read(spelt, "embeddings")


def test_too_many_bytes_are_not_written() -> None:
    with pytest.raises(Refused, match="at most 2 bytes"):
        Binary(2).write(b"abc", "embeddings")
