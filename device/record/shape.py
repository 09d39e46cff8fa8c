"""Frozen values to JSON objects and back, each field held to what its annotation says.

    title: Annotated[str, Text(500)]
    score: Annotated[float, Number(-1.0, 1.0, digits=4)]
    works: Annotated[tuple[Work, ...], Many(50)]

An object has exactly the fields of its value: one too many is refused like one too few. A new field is therefore a
new version of the event's type, and no reader of version 1 ever skips what it does not know. A field named `from_`,
since `from` is Python's own word, is `from` in JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from device.record.field import Choice, Flag, Form, Moment
from device.record.json_text import malformed

Value = TypeVar("Value")


@dataclass(frozen=True)
class Many:
    """A list of limited length; it stands beside a `tuple[X, ...]`."""

    most: int


def write(value: Any) -> dict[str, Any]:
    """Give the JSON object of a frozen value.

    Raises:
        Refused: A field holds what its annotation does not allow.
    """
    content: dict[str, Any] = _object(type(value)).write(value, "")
    return content


def read(kind: type[Value], content: Mapping[str, Any]) -> Value:
    """Give the frozen value of a JSON object.

    Raises:
        Refused: A field is missing or unknown, or holds what its annotation does not allow.
    """
    value: Value = _object(kind).read(content, "")
    return value


@dataclass(frozen=True)
class _Maybe:
    form: Form

    def write(self, value: Any, where: str) -> Any:
        return None if value is None else self.form.write(value, where)

    def read(self, value: Any, where: str) -> Any:
        return None if value is None else self.form.read(value, where)


@dataclass(frozen=True)
class _List:
    form: Form
    most: int

    def write(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, tuple | list) or len(value) > self.most:
            raise malformed(where, f"is not a list of at most {self.most}")
        return [self.form.write(part, f"{where}[{number}]") for number, part in enumerate(value)]

    def read(self, value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > self.most:
            raise malformed(where, f"is not a list of at most {self.most}")
        return tuple(self.form.read(part, f"{where}[{number}]") for number, part in enumerate(value))


@dataclass(frozen=True)
class _Row:
    """A list of fixed length, such as a pair."""

    forms: tuple[Form, ...]

    def write(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, tuple | list) or len(value) != len(self.forms):
            raise malformed(where, f"is not a list of {len(self.forms)}")
        return [form.write(part, where) for form, part in zip(self.forms, value, strict=True)]

    def read(self, value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(self.forms):
            raise malformed(where, f"is not a list of {len(self.forms)}")
        return tuple(form.read(part, where) for form, part in zip(self.forms, value, strict=True))


@dataclass(frozen=True)
class _Object:
    kind: type
    forms: tuple[tuple[str, str, Form], ...]  # the field's name in Python, in JSON, and what it holds

    def write(self, value: Any, where: str) -> dict[str, Any]:
        if type(value) is not self.kind:
            raise malformed(where, f"is not a {self.kind.__name__}")
        return {
            spelt: form.write(getattr(value, name), _inside(where, spelt)) for name, spelt, form in self.forms
        }

    def read(self, value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise malformed(where, "is not an object")
        for spelt in value.keys() - {spelt for _, spelt, _ in self.forms}:
            raise malformed(_inside(where, str(spelt)[:40]), "is not in the contract")
        found = {}
        for name, spelt, form in self.forms:
            if spelt not in value:
                raise malformed(_inside(where, spelt), "is missing")
            found[name] = form.read(value[spelt], _inside(where, spelt))
        return self.kind(**found)


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


_KNOWN: dict[type, _Object] = {}


def _object(kind: type) -> _Object:
    """Find what an object of this kind holds; its annotations are read once."""
    if kind not in _KNOWN:
        hints = get_type_hints(kind, include_extras=True)
        names = [field.name for field in fields(kind)]
        _KNOWN[kind] = _Object(kind, tuple((name, name.rstrip("_"), _form(hints[name])) for name in names))
    return _KNOWN[kind]


def _form(hint: Any) -> Form:
    """Find what an annotation allows.

    Raises:
        TypeError: The annotation sets no limit; a mistake in this program, found when its class is first used.
    """
    origin, parts = get_origin(hint), get_args(hint)
    match origin:
        case _ if origin is Annotated and isinstance(parts[1], Many):
            return _List(_form(get_args(parts[0])[0]), parts[1].most)
        case _ if origin is Annotated:
            form: Form = parts[1]
            return form
        case _ if origin in (Union, UnionType):
            (inner,) = (part for part in parts if part is not NoneType)
            return _Maybe(_form(inner))
        case _ if origin is Literal:
            return Choice(parts)
        case _ if origin is tuple and Ellipsis not in parts:
            return _Row(tuple(_form(part) for part in parts))
    if hint is bool:
        return Flag()
    if hint is datetime:
        return Moment()
    if is_dataclass(hint) and isinstance(hint, type):
        return _object(hint)
    raise TypeError(f"{hint} sets no limit to what it holds")
