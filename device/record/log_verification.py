"""Verification of a whole log: the file, the rows, the chain, and the receipts."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from device.errors import Broken, Refused
from device.record.export import stored_events, verify_export
from device.record.generations import newest
from device.record.keys import Jwks
from device.record.log_reader import LogReader, Stored
from device.record.verification import NOTHING, Fault, Reason, Verification, verify

_SQLITE = b"SQLite format 3\0"


def verify_file(path: Path, boxes: Jwks, platform: Jwks | None) -> Verification:
    """Check a log or an export, whichever the file is.

    Args:
        path: The file; where it is a damaged log that went on in another file, that one is checked.
        boxes: The keys of the boxes.
        platform: The platform's keys; without them receipts are not looked at.

    Raises:
        Refused: The file cannot be read.
        Broken: It is a database, but no log.
    """
    path = newest(path)
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_SQLITE))
    except OSError as error:
        raise Refused(
            "file-unreadable", f"{path} cannot be read: {error.strerror}.", "Copy it again."
        ) from error
    if beginning != _SQLITE:
        return verify_export(path, boxes, platform)
    try:
        with LogReader.read(path) as log:
            return verify_log(log, boxes, platform)
    except Broken as broken:
        return _torn(broken, 0)


def verify_log(log: LogReader, boxes: Jwks, platform: Jwks | None) -> Verification:
    """Check a log: its events must follow what was forgotten, and reach what was receipted.

    Args:
        log: The log; its box may go on writing meanwhile.
        boxes: The keys of the boxes.
        platform: The platform's keys; without them receipts are not looked at.
    """
    rows = _Rows(log)
    try:
        with log.standing_still():
            verification = verify(rows, boxes, after=log.anchor(), receipts=log.receipts(), platform=platform)
            return replace(
                verification, fault=verification.fault or rows.fault or _of_the_file(log, verification)
            )
    except Broken as broken:
        return _torn(broken, rows.seq + 1)


def _torn(broken: Broken, seq: int) -> Verification:
    """Take SQLite's word that the file is damaged; what else is broken is not the log's fault."""
    if broken.code != "log-corrupt":
        raise broken
    return replace(NOTHING, fault=Fault(seq, Reason.TORN, broken.message))


def _of_the_file(log: LogReader, verification: Verification) -> Fault | None:
    """Look for what is wrong beside the events."""
    if verification.box not in (None, log.box):
        return Fault(0, Reason.OTHER_BOX, f"The log is {log.box}'s, and its events are {verification.box}'s.")
    damage = log.damage()
    return None if damage is None else Fault(0, Reason.TORN, f"SQLite finds the file damaged: {damage}.")


class _Rows:
    """The signed bytes of a log's events; what its rows say besides is compared on the way."""

    def __init__(self, log: LogReader) -> None:
        self.seq = 0  # of the last row given
        self.fault: Fault | None = None  # the first row that is not as it was written
        self._log = log

    def __iter__(self) -> Iterator[bytes]:
        self.seq = self._log.anchor().seq
        for stored in stored_events(self._log, 0):
            self.seq = stored.seq if _is_behind_a_loss(stored, self.seq) else self.seq + 1
            if self.fault is None and (stored.seq, stored.hash) != (
                self.seq,
                hashlib.sha256(stored.jws).hexdigest(),
            ):
                words = f"The row of event {stored.seq} has another number or hash than its event."
                self.fault = Fault(self.seq, Reason.ALTERED, words)
            yield stored.jws


def _is_behind_a_loss(stored: Stored, last: int) -> bool:
    """Say whether a row that does not follow the last one has its event's own number."""
    try:
        return stored.seq > last + 1 and stored.event.seq == stored.seq
    except Refused:
        return False
