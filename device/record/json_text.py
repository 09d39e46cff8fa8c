"""JSON text to plain Python and back, refusing every text that two readers could understand differently."""

import json
import re
from typing import Any, NoReturn

from device.errors import Refused

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # UTF-8 has none, an escape may be half of a pair


def malformed(where: str, why: str) -> Refused:
    """Name a part of an event, and why it is not as the contract has it."""
    return Refused(
        "event-malformed", f"{where} {why}.", "Whoever wrote it does not follow version 1 of the contract."
    )


def dump(content: Any) -> bytes:
    """Write compact UTF-8 JSON, names in the order given.

    Raises:
        ValueError: A number is not finite, or a text holds half of a surrogate pair.
        TypeError: There is something in it that JSON has not.
    """
    return _ENCODER.encode(content).encode("utf-8")


def load(text: bytes, depth: int, where: str = "The text") -> dict[str, Any]:
    """Read one JSON object.

    The limit on size is the caller's; nothing here is slower than linear in it.

    Args:
        text: UTF-8, without a byte order mark.
        depth: How many objects and lists may stand within each other.
        where: What it is, for the message.

    Raises:
        Refused: It is not one JSON object, is nested too deeply, gives a name twice, holds NaN or infinity, or
            half of a surrogate pair.
    """
    try:
        content = _DECODER.decode(text.decode("utf-8"))
        if _SURROGATE.search(text):
            dump(content)  # halves of pairs cannot be written, stored or compared alike everywhere
    except (ValueError, RecursionError) as error:  # both JSON and UTF-8 errors are ValueErrors
        raise malformed(where, "is not JSON") from error
    if not isinstance(content, dict):
        raise malformed(where, "is not a JSON object")
    if _depth(content) > depth:
        raise malformed(where, f"is nested more than {depth} deep")
    return content


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return content


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is larger than a double")
    return number


# Made once: the module's own functions would make one at each call.
_DECODER = json.JSONDecoder(object_pairs_hook=_each_name_once, parse_constant=_no_number, parse_float=_finite)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _depth(content: Any) -> int:
    """Count the objects and lists within each other, level by level rather than by recursion."""
    level, depth = [content], 0
    while level := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
    return depth
