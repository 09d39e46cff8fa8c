"""The log, for the process that talks to the platform: it reads events, and adds nothing but receipts."""

import sqlite3
from pathlib import Path

from device.errors import Refused
from device.record import limits
from device.record.field import Moment
from device.record.keys import Jwks
from device.record.log_file import connect_to_write, errors_named, transaction
from device.record.log_reader import LogReader
from device.record.receipt import Receipt, unseal_receipt

_ADVICE = "Ask the platform which events it has of this box."


class ReceiptLedger(LogReader):
    """The log, for `estu sync`."""

    @classmethod
    def open(cls, path: Path) -> "ReceiptLedger":
        """Open the log, which `estu listen` has made.

        Raises:
            Waiting: There is no log yet.
            Broken: It is no log.
        """
        LogReader.read(path).close()  # a log is made by the process that hears, never here
        connection = connect_to_write(path)
        connection.set_authorizer(_receipts_only)
        return cls(path, connection)

    def keep_receipt(self, jws: bytes, platform: Jwks) -> Receipt:
        """Verify a receipt and keep it, as signed.

        The last one counts, also where it reaches less far than the one before: then the platform was restored from
        a backup and asks again. The same one again, as a broker gives it at each connection, changes nothing.

        Args:
            jws: The receipt as it came.
            platform: The platform's keys.

        Raises:
            Refused: It is not the platform's, is another box's, or names an event that this log does not have.
                What was known before stays.
            Waiting: The disk is full.
        """
        receipt = unseal_receipt(jws, platform)
        if receipt.box != self.box:
            raise Refused("receipt-other-box", f"A receipt for {receipt.box} came to {self.box}.", _ADVICE)
        with errors_named(self.path), transaction(self._connection):
            self._check_known(receipt)
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
        return receipt

    def _check_known(self, receipt: Receipt) -> None:
        if receipt.through < self.anchor().seq:
            return  # its event was forgotten; the platform is told what is missing when the rest arrives
        link = self.at(receipt.through)
        if link is None:
            raise Refused(
                "receipt-ahead",
                f"The platform has event {receipt.through}, which is not in this log.",
                _ADVICE,
            )
        if link.hash != receipt.head:
            raise Refused(
                "receipt-other-chain",
                f"The platform has another event {receipt.through} than this log.",
                _ADVICE,
            )


def _receipts_only(action: int, name: str | None, *_: str | None) -> int:
    """Let SQLite refuse this process every change but to receipts (sqlite3_set_authorizer)."""
    changes = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)
    if action in changes:
        return sqlite3.SQLITE_OK if name == "receipt" else sqlite3.SQLITE_DENY
    allowed = (
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_TRANSACTION,
    )
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
