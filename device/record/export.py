"""An export: a text file that proves itself, one signed text a line.

First the platform's latest receipt, if there is one, then the events, oldest first. The receipt stands first so that
a file which was cut short shows it: its first line names an event that is not there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

from device.errors import Refused
from device.record import limits
from device.record.keys import Jwks
from device.record.link import Link
from device.record.log_reader import LogReader, Stored
from device.record.signature import RECEIPT_TYP, claimed_typ
from device.record.verification import Verification, verify

_AT_ONCE = 500  # events read from the log in one question


@dataclass(frozen=True)
class Lines:
    """The two parts of an export."""

    receipts: list[bytes]
    events: Iterator[bytes]


def lines(log: LogReader, after: int = 0) -> Iterator[bytes]:
    """Give an export of a log, line by line without line ends.

    Args:
        log: The log.
        after: Events with higher numbers are exported.
    """
    receipts = log.receipts()
    if receipts:
        yield receipts[-1]
    yield from (event.jws for event in stored_events(log, after))


def stored_events(log: LogReader, after: int) -> Iterator[Stored]:
    """Give a log's events with higher numbers, oldest first; those appended meanwhile are among them."""
    while events := log.events(after, _AT_ONCE):
        yield from events
        after = events[-1].seq


def parse(file: BufferedIOBase) -> Lines:
    """Tell the parts of an export apart, reading no more of it than the first event.

    What a line claims to be is only a hint: verification finds out.
    """
    events = _lines(file)
    receipts: list[bytes] = []
    for line in events:
        if claimed_typ(line) != RECEIPT_TYP:
            return Lines(receipts, _first_then(line, events))
        receipts.append(line)
    return Lines(receipts, iter(()))


def verify_export(
    path: Path, boxes: Jwks, platform: Jwks | None, *, after: Link | None = None, head: Link | None = None
) -> Verification:
    """Check an export.

    Args:
        path: The file.
        boxes: The keys of the boxes.
        platform: The platform's keys; without them the receipt is not looked at.
        after: The place that the first event must follow; None takes any beginning.
        head: A place that the events must reach, if somebody knows one.

    Raises:
        Refused: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            parts = parse(file)
            return verify(
                parts.events, boxes, after=after, head=head, receipts=parts.receipts, platform=platform
            )
    except OSError as error:
        raise Refused(
            "export-unreadable", f"{path} cannot be read: {error.strerror}.", "Copy it again."
        ) from error


def _first_then(line: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield line
    yield from rest


def _lines(file: BufferedIOBase) -> Iterator[bytes]:
    """Give line after line, of limited length; what is longer comes in pieces, none of which verifies."""
    while line := file.readline(limits.EVENT_BYTES + 2):
        yield line.removesuffix(b"\n").removesuffix(b"\r")
