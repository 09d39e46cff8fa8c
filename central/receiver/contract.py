"""The contract in JSON Schema (`central/schemas`), compiled once, and asked about every event.

Rules:
- The published schemas are asked, not the box's own reader: a mistake in that reader shows here instead of being made
  twice.
- What an objection says is made of the schemas' words and of names that they know, never of the event's text.
- Patterns are matched in linear time, whatever the text.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, Registry, ValidationError

KINDS = ("play", "unidentified", "coverage", "boot", "incident", "correction")
_LONGEST_OBJECTION = 400  # characters
_MASK = "the value"  # what messages say in place of an event's text


class Contract:
    """Says whether an event is what the published schemas call one."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        """Compile the schemas.

        Args:
            schemas: By the names of their files, `event.json`, `play.json` and so on.
        """
        registry = Registry([(schema["$id"], schema) for schema in schemas.values()])

        def compiled(file: str) -> Draft202012Validator:
            return Draft202012Validator(
                schemas[file], registry=registry, mask=_MASK, pattern_options=RegexOptions()
            )

        self._names = frozenset(_names(list(schemas.values())))
        self._envelope = compiled("event.json")
        self._by_type = {f"kz.estu.{kind}.v1": compiled(f"{kind}.json") for kind in KINDS}

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
        if not validator.is_valid(event):
            return self._words(next(iter(validator.iter_errors(event))))
        if (
            event["id"] != f"{event['box']}/{event['seq']}"
            or event["source"] != f"urn:estu:box:{event['box']}"
        ):
            return "$.id or $.source: names another box or number than the event"
        return None

    def _words(self, error: ValidationError) -> str:
        """Say where and why; of the event itself only members that the schemas name."""
        place = "$" + "".join(self._step(step) for step in error.instance_path)
        if error.kind.name in {"additionalProperties", "unevaluatedProperties", "falseSchema"}:
            return f"{place}: has a member that the contract does not know"[:_LONGEST_OBJECTION]
        return f"{place}: {error.message}"[:_LONGEST_OBJECTION]

    def _step(self, step: str | int) -> str:
        if isinstance(step, int):
            return f"[{step}]"
        return f".{step}" if step in self._names else ".?"


def shipped_schemas() -> dict[str, Any]:
    """Give the schemas by the names of their files."""
    folder = files("central").joinpath("schemas")
    return {
        entry.name: json.loads(entry.read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".json")
    }


def _names(parts: Sequence[Any]) -> set[str]:
    """Give every name that stands in the schemas, members of events among them."""
    names: set[str] = set()
    for part in parts:
        if isinstance(part, dict):
            names |= part.keys()
            names |= _names(list(part.values()))
        elif isinstance(part, list):
            names |= _names(part)
    return names
