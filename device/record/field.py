"""What one field of an event may hold, and how it is spelt in JSON.

Each form checks in both directions, so that a box cannot sign what the platform would refuse.
"""

import base64
import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import index
from typing import Any, Protocol

from device.record.json_text import dump, load, malformed

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z", re.ASCII)
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")


class Form(Protocol):
    """What one field may hold."""

    def write(self, value: Any, where: str) -> Any:
        """Give what JSON takes, or refuse, naming `where`."""

    def read(self, value: Any, where: str) -> Any:
        """Give the value for what JSON gave, or refuse, naming `where`."""


@dataclass(frozen=True)
class Text:
    """Text of limited length, optionally of one pattern."""

    longest: int  # characters
    pattern: str | None = None  # the whole text matches, if given

    def write(self, value: Any, where: str) -> str:
        """Check the text."""
        return self.read(value, where)

    def read(self, value: Any, where: str) -> str:
        """Check the text."""
        if not isinstance(value, str):
            raise malformed(where, "is not a text")
        if len(value) > self.longest:
            raise malformed(where, f"is longer than {self.longest} characters")
        if self.pattern is not None and not re.fullmatch(self.pattern, value, re.ASCII):
            raise malformed(where, f"is not of the form {self.pattern}")
        if _NO_CHARACTER.search(value):
            raise malformed(where, "holds NUL or half of a surrogate pair")
        return value


@dataclass(frozen=True)
class Number:
    """A finite number within bounds, written with so many digits after the point."""

    least: float
    most: float
    digits: int = 3

    def write(self, value: Any, where: str) -> float:
        """Check and round; numpy's numbers become plain ones."""
        if isinstance(value, bool | str):  # float() would take both
            raise malformed(where, "is not a number")
        try:
            return self.read(round(float(value), self.digits), where)
        except (TypeError, ValueError) as error:
            raise malformed(where, "is not a number") from error

    def read(self, value: Any, where: str) -> float:
        """Check; a whole number will do, since other writers leave out the `.0`."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise malformed(where, "is not a number")
        if not self.least <= value <= self.most:  # NaN is not either
            raise malformed(where, f"is not between {self.least} and {self.most}")
        return float(value)


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds."""

    least: int
    most: int

    def write(self, value: Any, where: str) -> int:
        """Check; numpy's integers become plain ones."""
        try:
            return self.read(value if isinstance(value, bool) else index(value), where)
        except TypeError as error:
            raise malformed(where, "is not a whole number") from error

    def read(self, value: Any, where: str) -> int:
        """Check; `2.0` is not taken for 2."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise malformed(where, "is not a whole number")
        if not self.least <= value <= self.most:
            raise malformed(where, f"is not between {self.least} and {self.most}")
        return value


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def write(self, value: Any, where: str) -> bool:
        """Check; 1 is not taken for true."""
        return self.read(value, where)

    def read(self, value: Any, where: str) -> bool:
        """Check; 1 is not taken for true."""
        if not isinstance(value, bool):
            raise malformed(where, "is neither true nor false")
        return value


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    allowed: tuple[str, ...]

    def write(self, value: Any, where: str) -> str:
        """Check the word."""
        return self.read(value, where)

    def read(self, value: Any, where: str) -> str:
        """Check the word."""
        if not isinstance(value, str) or value not in self.allowed:
            raise malformed(where, f"is none of: {', '.join(self.allowed)}")
        return value


@dataclass(frozen=True)
class Moment:
    """A time in UTC, to the millisecond (RFC 3339); what is finer is cut off, never rounded up."""

    def write(self, value: Any, where: str) -> str:
        """Spell the time."""
        if not isinstance(value, datetime) or value.utcoffset() != timedelta(0):
            raise malformed(where, "is not a time in UTC")
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

    def read(self, value: Any, where: str) -> datetime:
        """Read the one spelling there is."""
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            raise malformed(where, "is not a time like 2026-07-01T16:30:00.000Z")
        try:
            return datetime.fromisoformat(value[:-1]).replace(tzinfo=UTC)
        except ValueError as error:
            raise malformed(where, "is a time that is in no calendar") from error


@dataclass(frozen=True)
class Binary:
    """Bytes, in base64 (RFC 4648, section 4)."""

    longest: int  # bytes

    def write(self, value: Any, where: str) -> str:
        """Encode."""
        if not isinstance(value, bytes) or len(value) > self.longest:
            raise malformed(where, f"is not at most {self.longest} bytes")
        return base64.b64encode(value).decode("ascii")

    def read(self, value: Any, where: str) -> bytes:
        """Decode."""
        if not isinstance(value, str) or len(value) > 4 * math.ceil(self.longest / 3):
            raise malformed(where, f"is not base64 of at most {self.longest} bytes")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise malformed(where, "is not base64") from error


@dataclass(frozen=True)
class Free:
    """A JSON object of any content, limited in size and depth."""

    longest: int  # bytes, as JSON
    depth: int  # objects and lists within each other

    def write(self, value: Any, where: str) -> dict[str, Any]:
        """Check that it is JSON, and small."""
        if not isinstance(value, Mapping):
            raise malformed(where, "is not an object")
        try:
            text = dump(dict(value))
        except (TypeError, ValueError, RecursionError) as error:
            raise malformed(where, "is not JSON") from error
        if len(text) > self.longest:
            raise malformed(where, f"is longer than {self.longest} bytes")
        return load(text, self.depth, where)

    def read(self, value: Any, where: str) -> dict[str, Any]:
        """Check that it is small."""
        return self.write(value, where)
