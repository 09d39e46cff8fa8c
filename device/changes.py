"""What the box runs with differs from what it ran with last: each such change is a signed event.

Who pays may ask whether anybody turned a knob. So at each start what decides about plays (settings, catalogue, model,
venue) is compared with what the log itself says was there before, and each difference is put on record (WELMEC 7.2 asks
for an audit trail of parameters that bear on a bill). The log is the memory: no file beside it could be put back unseen.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from device.errors import Refused
from device.record import limits
from device.record.event import Event
from device.record.log_reader import LogReader, Stored
from device.record.reports import BootReport, IncidentReport
from device.settings import Settings

SETTINGS, VENUE = "settings-changed", "venue-changed"

_REPLACED = {"catalogue-changed": "catalogue", "model-changed": "model"}
_MOSTLY_ENOUGH = 50
_LOOKED_THROUGH = 5_000  # incidents at most, newest first, for the last word on settings and venue
_LONGEST_VALUE = 200  # characters of a value that is put on record
_LARGEST_VALUES = limits.DETAIL_BYTES - 1_200  # bytes; beside them stands what changed


def changes(log: LogReader, chosen: Settings, boot: BootReport) -> Iterator[IncidentReport]:
    """Say what differs from what the box ran with before; a box that starts for the first time says what it begins with.

    Args:
        log: The log, before this start has written anything into it.
        chosen: The settings of this start.
        boot: What this start reports: software, model, catalogue.
    """
    yield from _of_parts(log, boot)
    values = flat(chosen)
    venue = {name: values.pop(f"box.{name}") for name in ("venue", "hall")}
    before = _last_words(log)
    yield from _of(SETTINGS, "settings", before.get(SETTINGS), values)
    yield from _of(VENUE, "venue", before.get(VENUE), venue)


def flat(chosen: Settings) -> dict[str, str]:
    """Give each setting under its name, such as `microphone.device`."""
    tables = msgspec.to_builtins(chosen, enc_hook=str)
    return {
        f"{table}.{name}": str(value)[:_LONGEST_VALUE]
        for table, values in tables.items()
        for name, value in values.items()
    }


def digest(values: Mapping[str, str]) -> str:
    """Give the SHA-256 of settings, in hex; the same for the same values in any order."""
    return hashlib.sha256(msgspec.json.encode(dict(sorted(values.items())))).hexdigest()


def _of_parts(log: LogReader, boot: BootReport) -> Iterator[IncidentReport]:
    """Compare catalogue and model with those that the log names last: at the boot before, or in a change since then."""
    before = next((e for e in map(_read, log.latest(BootReport, 1)) if e), None)
    if before is None or not isinstance(before.report, BootReport):
        return  # the boot event itself says what the box begins with
    last = {"catalogue": before.report.catalogue, "model": before.report.model}
    last |= _replaced_since(log, before.seq)
    for part, now in (("catalogue", boot.catalogue), ("model", boot.model)):
        was = last[part]
        if was != now:
            text = f"The {part} is another one than at the last start."
            yield IncidentReport(f"{part}-changed", text, {"before": was, "after": now})


def _replaced_since(log: LogReader, boot: int) -> dict[str, str]:
    """Give the catalogue and the model that came while the box listened, by the last incident about each after a boot."""
    found: dict[str, str] = {}
    for stored in _incidents(log):
        if stored.seq <= boot:
            break
        event = _read(stored)
        report = event.report if event else None
        if isinstance(report, IncidentReport) and report.code in _REPLACED and "after" in report.detail:
            found.setdefault(_REPLACED[report.code], str(report.detail["after"]))
    return found


def _of(
    code: str, what: str, before: Mapping[str, Any] | None, values: dict[str, str]
) -> Iterator[IncidentReport]:
    """Compare values with those that an earlier incident of the same code named."""
    after: dict[str, Any] = {"values": values, "digest": digest(values)}
    if len(msgspec.json.encode(after)) > _LARGEST_VALUES:
        after["values"] = None  # the digest still tells that something changed
    if before is None:
        yield IncidentReport(code, f"The {what} that the box begins with.", {"before": None, "after": after})
    elif before.get("digest") != after["digest"]:
        was = before.get("values") or {}
        changed = sorted(name for name in {*was, *values} if was.get(name) != values.get(name))
        named = ", ".join(changed)
        detail: dict[str, Any] = {
            "changed": {name: [was.get(name), values.get(name)] for name in changed},
            "before": before.get("digest"),
            "after": after,
        }
        if len(msgspec.json.encode(detail)) > limits.DETAIL_BYTES:
            detail["changed"] = changed
        yield IncidentReport(code, f"The {what} changed since the last start: {named}."[:1_000], detail)


def _last_words(log: LogReader) -> dict[str, Mapping[str, Any]]:
    """Give what the newest incidents about settings and venue said is there, by their code."""
    found: dict[str, Mapping[str, Any]] = {}
    for stored in _incidents(log):
        event = _read(stored)
        report = event.report if event else None
        if isinstance(report, IncidentReport) and report.code in {SETTINGS, VENUE}:
            found.setdefault(report.code, report.detail.get("after") or {})
            if {SETTINGS, VENUE} <= found.keys():
                break
    return found


def _incidents(log: LogReader) -> Iterator[Stored]:
    """Give the newest incidents: a few, for they mostly do, then all that are looked through."""
    few = log.latest(IncidentReport, _MOSTLY_ENOUGH)
    yield from few
    if len(few) == _MOSTLY_ENOUGH:
        yield from log.latest(IncidentReport, _LOOKED_THROUGH)[_MOSTLY_ENOUGH:]


def _read(stored: Stored) -> Event | None:
    """Read an event, or give None where the card gives back other bytes than were written."""
    try:
        return stored.event
    except Refused:
        return None
