"""A place in the chain."""

from dataclasses import dataclass

from device.record.event import NO_EVENT
from device.record.reports import Count, Digest


@dataclass(frozen=True)
class Link:
    """An event's number and its hash."""

    seq: Count  # 0 is the place before the first event
    hash: Digest  # SHA-256 of the event's signed bytes, hex; NO_EVENT at 0


START = Link(0, NO_EVENT)
