"""Events, values to bytes and back: a CloudEvents 1.0 object that holds one report.

Rules:
- What `encode` gives, `decode` takes; a box cannot sign what the platform would refuse for its form.
- `decode` is only ever given bytes whose signature was verified (`signed_event.py`), and is strict none the less.
- The bytes are what is signed, chained, stored and sent. Nothing is ever encoded a second time.

Source: CloudEvents 1.0.2, JSON event format 1.0.2. `box`, `seq` and `prev` are extension attributes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from device.record import limits
from device.record.field import Text
from device.record.json_text import dump, load, malformed
from device.record.reports import (
    BOX_NAME,
    BootReport,
    CorrectionReport,
    Count,
    CoverageReport,
    Digest,
    IncidentReport,
    PlayReport,
    Report,
    Seconds,
    Seq,
    UnidentifiedReport,
)
from device.record.shape import read, write

KINDS: dict[str, type[Report]] = {
    "kz.estu.play.v1": PlayReport,
    "kz.estu.unidentified.v1": UnidentifiedReport,
    "kz.estu.coverage.v1": CoverageReport,
    "kz.estu.boot.v1": BootReport,
    "kz.estu.incident.v1": IncidentReport,
    "kz.estu.correction.v1": CorrectionReport,
}
TYPES: dict[type[Report], str] = {kind: name for name, kind in KINDS.items()}
NO_EVENT = "0" * 64  # `prev` of the first event


@dataclass(frozen=True)
class Clock:
    """How far the time of an event can be trusted."""

    state: Literal["synchronised", "unsynchronised", "unknown"]
    error_ms: Count | None  # the time is right to within this, if the machine knows


@dataclass(frozen=True)
class Stamp:
    """The clock at the moment of writing; it stands in every event's `data`."""

    clock: Clock
    boot: Annotated[
        str, Text(36, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    ]  # UUID of this run of the machine
    monotonic: Seconds  # since the machine started


@dataclass(frozen=True)
class Event:
    """One entry of a box's log."""

    box: str  # the box's name, as BOX_NAME
    seq: int  # 1, 2, 3 ... without a gap
    prev: str  # SHA-256 of the event before, its signed bytes, hex; NO_EVENT for the first
    time: datetime  # UTC, when it was written
    report: Report
    stamp: Stamp

    @property
    def type(self) -> str:
        """Its CloudEvents type, such as `kz.estu.play.v1`."""
        return TYPES[type(self.report)]


@dataclass(frozen=True)
class _Attributes:
    """The CloudEvents attributes, in the order in which they are written; `data` follows."""

    specversion: Literal["1.0"]
    id: Annotated[str, Text(64)]
    source: Annotated[str, Text(64)]
    type: Annotated[str, Text(64)]
    time: datetime
    datacontenttype: Literal["application/json"]
    box: Annotated[str, Text(32, BOX_NAME)]
    seq: Seq
    prev: Digest


def encode(event: Event) -> bytes:
    """Write an event as compact UTF-8 JSON.

    Numbers are rounded to their fields' digits and times cut to milliseconds; `decode` gives the event so rounded.

    Raises:
        Refused: The event holds what the contract does not allow, or is larger than `limits.PAYLOAD_BYTES`.
    """
    attributes = _Attributes(
        specversion="1.0",
        id=_id(event.box, event.seq),
        source=_source(event.box),
        type=event.type,
        time=event.time,
        datacontenttype="application/json",
        box=event.box,
        seq=event.seq,
        prev=event.prev,
    )
    text = dump(write(attributes) | {"data": write(event.report) | write(event.stamp)})
    if len(text) > limits.PAYLOAD_BYTES:
        raise malformed("The event", f"is larger than {limits.PAYLOAD_BYTES} bytes")
    return text


def decode(payload: bytes) -> Event:
    """Read an event.

    Args:
        payload: The verified payload of a JWS.

    Raises:
        Refused: It is not, to the letter, an event of the contract. The message names the field.
    """
    if len(payload) > limits.PAYLOAD_BYTES:
        raise malformed("The event", f"is larger than {limits.PAYLOAD_BYTES} bytes")
    content = load(payload, limits.JSON_DEPTH)
    report_and_stamp = content.pop("data", None)
    attributes = read(_Attributes, content)
    if attributes.id != _id(attributes.box, attributes.seq) or attributes.source != _source(attributes.box):
        raise malformed("id or source", "does not name the event's own box and number")
    if (attributes.seq == 1) != (attributes.prev == NO_EVENT):
        raise malformed("prev", "is all zeros in the first event and in no other")
    if attributes.type not in KINDS:
        raise malformed("type", "is not in the contract")
    report, stamp = _report_and_stamp(KINDS[attributes.type], report_and_stamp)
    return Event(attributes.box, attributes.seq, attributes.prev, attributes.time, report, stamp)


def _report_and_stamp(kind: type[Report], content: Any) -> tuple[Report, Stamp]:
    if not isinstance(content, dict):
        raise malformed("data", "is not an object")
    stamp = {name: content.pop(name) for name in ("clock", "boot", "monotonic") if name in content}
    return read(kind, content), read(Stamp, stamp)


def _id(box: str, seq: int) -> str:
    return f"{box}/{seq}"


def _source(box: str) -> str:
    return f"urn:estu:box:{box}"
