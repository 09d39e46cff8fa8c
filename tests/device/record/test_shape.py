"""Values and their JSON objects hold exactly the same fields."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest

from device.errors import Refused
from device.record.field import Number, Text, Whole
from device.record.shape import Many, read, write

Seconds = Annotated[float, Number(0, 100)]


@dataclass(frozen=True)
class Person:
    name: Annotated[str, Text(10)]
    role: Annotated[str, Text(1)] | None


@dataclass(frozen=True)
class Evening:
    from_: Annotated[int, Whole(1, 9)]
    state: Literal["calm", "loud"]
    people: Annotated[tuple[Person, ...], Many(2)]
    spans: Annotated[tuple[tuple[Seconds, Seconds], ...], Many(3)]
    free: bool
    best: Person | None


EVENING = Evening(1, "calm", (Person("Abai", "C"),), ((0.0, 1.5), (2.0, 3.0)), free=True, best=None)
OBJECT: dict[str, Any] = {
    "from": 1,
    "state": "calm",
    "people": [{"name": "Abai", "role": "C"}],
    "spans": [[0.0, 1.5], [2.0, 3.0]],
    "free": True,
    "best": None,
}


def test_a_value_is_written_field_by_field_in_the_order_of_its_fields() -> None:
    assert list(write(EVENING).items()) == list(OBJECT.items())


def test_an_object_is_read_whatever_the_order_of_its_names() -> None:
    assert read(Evening, dict(reversed(OBJECT.items()))) == EVENING


@pytest.mark.parametrize("name", OBJECT)
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(Refused, match=f"^{name} is missing"):
        read(Evening, {field: value for field, value in OBJECT.items() if field != name})


def test_a_field_that_the_contract_does_not_have_is_named() -> None:
    with pytest.raises(Refused, match=r"people\[0\]\.age is not in the contract"):
        read(Evening, OBJECT | {"people": [{"name": "Abai", "role": None, "age": 41}]})


@pytest.mark.parametrize(
    ("field", "wrong", "where"),
    [
        ("from", 0, "from"),
        ("from_", 1, "from_"),
        ("state", "wild", "state"),
        ("people", [{"name": "x", "role": None}] * 3, "people"),
        ("people", {"name": "x", "role": None}, "people"),
        ("people", [["x", None]], r"people\[0\]"),
        ("people", [{"name": "x" * 11, "role": None}], r"people\[0\]\.name"),
        ("spans", [[0.0]], r"spans\[0\]"),
        ("spans", [[0.0, 1.0, 2.0]], r"spans\[0\]"),
        ("spans", [[0.0, -1.0]], r"spans\[0\]"),
        ("spans", [[0, 1]] * 4, "spans"),
        ("free", None, "free"),
        ("best", [], "best"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(field: str, wrong: Any, where: str) -> None:
    with pytest.raises(Refused, match=f"^{where} "):
        read(Evening, OBJECT | {field: wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        Evening(10, "calm", (), (), free=True, best=None),
        Evening(1, "calm", (Person("x", None),) * 3, (), free=True, best=None),
        Evening(1, "calm", "ab", (), free=True, best=None),  # type: ignore[arg-type]
        Evening(1, "calm", (), ((1.0,),), free=True, best=None),  # type: ignore[arg-type]
        Evening(1, "calm", (), (), free=True, best="Abai"),  # type: ignore[arg-type]
    ],
)
def test_what_would_not_be_read_is_not_written(wrong: Evening) -> None:
    with pytest.raises(Refused):
        write(wrong)


def test_a_field_without_a_limit_is_a_mistake_of_the_program() -> None:
    @dataclass(frozen=True)
    class Careless:
        title: str
        time: datetime

    with pytest.raises(TypeError, match="sets no limit"):
        write(Careless("x" * 10_000_000, datetime.min))  # noqa: DTZ901 - never looked at
