"""A place in the chain."""

from dataclasses import dataclass

from device.record.event import NO_EVENT


@dataclass(frozen=True)
class Link:
    """An event's number and its hash."""

    seq: int  # 0 is the place before the first event
    hash: str  # SHA-256 of the event's signed bytes, hex; NO_EVENT at 0


START = Link(0, NO_EVENT)
