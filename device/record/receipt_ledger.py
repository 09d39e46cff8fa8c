"""The log, for the process that talks to the platform: it reads events, and adds nothing but receipts."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import Broken, Refused, Waiting
from device.record import head_mark, limits, suspicion
from device.record.field import Moment
from device.record.generations import newest
from device.record.keys import Jwks
from device.record.log_file import connect_to_write, errors_named, transaction
from device.record.log_reader import LogReader, Stored
from device.record.receipt import Receipt, unseal_receipt
from device.record.tail import is_as_written

_ADVICE = "Ask the platform which events it has of this box."
_LISTENER_LOOKS = "Wait: `estu listen` looks at it; if it lasts, start that service anew."


class ReceiptLedger(LogReader):
    """The log, for `estu sync`."""

    _first: Path  # the log as the settings name it

    @classmethod
    def open(cls, path: Path) -> "ReceiptLedger":
        """Open the log, which `estu listen` has made.

        Raises:
            Waiting: There is no log yet, or it has lost its end or is damaged and `estu listen` has not looked at it.
            Broken: It is no log.
        """
        with damage_left_to_the_listener(path):
            with LogReader.read(path) as reader:  # a log is made by the process that hears, never here
                noted, place = head_mark.read(path), reader.place()  # in this order: the box goes on writing
                if noted is not None and noted.seq > place.seq:
                    # SQLite would clear away, when it is closed, what may still be found in the write-ahead log.
                    words = f"The log ends at event {place.seq}, and {noted.seq} were written."
                    raise Waiting("log-behind", words, _LISTENER_LOOKS)
            ledger = cls(newest(path), connect_to_write(newest(path)))
        ledger._first = path
        ledger._connection.set_authorizer(_receipts_only)
        return ledger

    def to_send(self, wanted: range) -> list[Stored]:
        """Give the events with these numbers, as many as there are.

        Raises:
            Waiting: The log is damaged, or was continued in another file: nothing that is not whole is sent.
        """
        if newest(self._first) != self.path:
            words = f"The log goes on in {newest(self._first).name}."
            raise Waiting("log-moved", words, "Wait; it is opened there.")
        with damage_left_to_the_listener(self._first):
            found = self.events(wanted.start - 1, len(wanted))
        events = [event for event in found if event.seq in wanted]
        rotten = next((event.seq for event in events if not is_as_written(event)), None)
        if rotten is not None:
            raise _damaged(self._first, f"The bytes of event {rotten} are not those that were written.")
        there = {event.seq for event in events}
        first = max(wanted.start, self.anchor().seq + 1)
        gone = next(
            (seq for seq in range(first, wanted.stop) if seq not in there and not self.is_lost(seq)), None
        )
        if gone is not None:
            raise _damaged(self._first, f"Event {gone} is not there.")
        return events

    def keep_receipt(self, jws: bytes, platform: Jwks) -> Receipt:
        """Verify a receipt and keep it, as signed.

        The last one counts, also where it reaches less far than the one before: then the platform was restored from
        a backup and asks again. The same one again, as a broker gives it at each connection, changes nothing.

        Args:
            jws: The receipt as it came.
            platform: The platform's keys.

        Raises:
            Refused: It is not the platform's, is another box's, or names an event that this log does not have.
                What was known before stays. The last is noted: it says that the log has lost events.
            Waiting: The disk is full.
        """
        receipt = unseal_receipt(jws, platform)
        if receipt.box != self.box:
            raise Refused("receipt-other-box", f"A receipt for {receipt.box} came to {self.box}.", _ADVICE)
        with errors_named(self.path), transaction(self._connection):
            objection = self._objection(receipt)
            if objection is None:
                self._keep(receipt, jws)
            else:
                self._note_contradiction(receipt, jws)
        if objection is not None:
            raise objection
        return receipt

    def contradicted(self) -> bool:
        """Say whether a receipt was noted that the log has not come to terms with yet."""
        return self._find("SELECT 1 FROM contradiction WHERE solved IS NULL") is not None

    def _keep(self, receipt: Receipt, jws: bytes) -> None:
        kept = self._find("SELECT jws FROM receipt ORDER BY number DESC LIMIT 1")
        if kept is None or kept[0] != jws:
            self._connection.execute(
                "INSERT INTO receipt (through, jws, time) VALUES (?, ?, ?)",
                (receipt.through, jws, Moment().write(receipt.time, "time")),
            )
            self._connection.execute(
                "DELETE FROM receipt WHERE number <= (SELECT max(number) FROM receipt) - ?",
                (limits.RECEIPTS_KEPT,),
            )

    def _note_contradiction(self, receipt: Receipt, jws: bytes) -> None:
        """Leave word for `estu listen`, which alone may write events."""
        place = (receipt.through, bytes.fromhex(receipt.head))
        known = "SELECT 1 FROM contradiction WHERE solved IS NULL AND through = ? AND hash = ?"
        if self._find(known, place) is None:
            self._connection.execute(
                "INSERT INTO contradiction (through, hash, jws, time) VALUES (?, ?, ?, ?)",
                (*place, jws, Moment().write(receipt.time, "time")),
            )

    def _objection(self, receipt: Receipt) -> Refused | None:
        if receipt.through < self.anchor().seq:
            return None  # its event was forgotten; the platform is told what is missing when the rest arrives
        link = self.at(receipt.through)
        if link is None and self.is_lost(receipt.through):
            return None  # what the platform has need not be here
        if link is None:
            return Refused(
                "receipt-ahead",
                f"The platform has event {receipt.through}, which is not in this log.",
                _LISTENER_LOOKS,
            )
        if link.hash != receipt.head:
            return Refused(
                "receipt-other-chain",
                f"The platform has another event {receipt.through} than this log.",
                _LISTENER_LOOKS,
            )
        return None


@contextmanager
def damage_left_to_the_listener(path: Path) -> Iterator[None]:
    """Leave word for `estu listen` where the log turns out to be damaged, and wait for it.

    Args:
        path: The log, as the settings name it.

    Raises:
        Waiting: The log is damaged.
    """
    try:
        yield
    except Broken as broken:
        if broken.code != "log-corrupt":
            raise
        raise _damaged(path, broken.message) from broken


def _damaged(path: Path, words: str) -> Waiting:
    """Leave word of a damage for `estu listen`, and wait for it."""
    suspicion.leave(path, words)
    return Waiting("log-damaged", words, _LISTENER_LOOKS)


def _receipts_only(action: int, name: str | None, *_: str | None) -> int:
    """Let SQLite refuse this process every change but to receipts (sqlite3_set_authorizer)."""
    if action == sqlite3.SQLITE_INSERT:
        return sqlite3.SQLITE_OK if name in {"receipt", "contradiction"} else sqlite3.SQLITE_DENY
    if action in {sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}:
        return sqlite3.SQLITE_OK if name == "receipt" else sqlite3.SQLITE_DENY
    allowed = (
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_TRANSACTION,
    )
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
