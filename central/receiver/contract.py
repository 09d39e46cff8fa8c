"""The contract in JSON Schema (`central/schemas`), compiled once, and asked about every event."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

KINDS = ("play", "unidentified", "coverage", "boot", "incident", "correction")
_LONGEST_OBJECTION = 400  # characters; a whole event may stand in a validator's message


class Contract:
    """Says whether an event is what the published schemas call one.

    The receiver asks the schemas rather than the box's own reader, so that a mistake in that reader shows here instead
    of being made twice.
    """

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        """Compile the schemas.

        Args:
            schemas: By the names of their files, `event.json`, `play.json` and so on.
        """
        # Without `$schema`, since a schema that names its dialect is read by the library's own class for it.
        bare = {
            file: {name: part for name, part in schema.items() if name != "$schema"}
            for file, schema in schemas.items()
        }
        registry: Registry[Any] = Registry().with_resources(
            (schema["$id"], DRAFT202012.create_resource(schema)) for schema in bare.values()
        )
        checked = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # so is its stub
        self._envelope: Validator = checked(bare["event.json"], registry=registry)
        self._by_type: dict[str, Validator] = {
            f"kz.estu.{kind}.v1": checked(bare[f"{kind}.json"], registry=registry) for kind in KINDS
        }

    @classmethod
    def shipped(cls) -> "Contract":
        """Give the contract that this release stands by."""
        return cls(shipped_schemas())

    def objection(self, event: Mapping[str, Any]) -> str | None:
        """Say what is wrong with an event, or None.

        Args:
            event: The JSON object; its signature has been verified.
        """
        kind = event.get("type")
        validator = self._by_type.get(kind, self._envelope) if isinstance(kind, str) else self._envelope
        error = next(iter(validator.iter_errors(event)), None)
        if error is not None:
            return f"{error.json_path}: {error.message}"[:_LONGEST_OBJECTION]
        if (
            event["id"] != f"{event['box']}/{event['seq']}"
            or event["source"] != f"urn:estu:box:{event['box']}"
        ):
            return "$.id or $.source: names another box or number than the event"
        return None


def shipped_schemas() -> dict[str, Any]:
    """Give the schemas by the names of their files."""
    folder = files("central").joinpath("schemas")
    return {
        entry.name: json.loads(entry.read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".json")
    }


def _pattern(
    _validator: Validator, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Apply a pattern as ECMA-262 means it: `$` is the end, and not also the place before a last line feed."""
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance[:80]!r} does not match {pattern!r}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$$", r"\\Z", pattern), re.ASCII)
