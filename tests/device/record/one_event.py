"""An event with whatever report, as any box might have written it."""

from datetime import UTC, datetime

from device.record.event import Clock, Event, Stamp
from device.record.reports import Report

STAMP = Stamp(Clock("synchronised", 12), "3cf6d579-34f6-4769-b05c-5739868a08d2", 1_183.25)
TIME = datetime(2026, 11, 22, 14, 33, 3, 250_000, tzinfo=UTC)
PREV = "c0" * 32


def event(report: Report, seq: int = 7) -> Event:
    return Event("abay-theatre-1", seq, PREV, TIME, report, STAMP)
