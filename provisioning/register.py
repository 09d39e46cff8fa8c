"""The register: which boxes there are, where each one stands, and who changed what, when.

- A box is never removed, only retired, and its id and keys never change: signed events refer to them for years.
- Every change and its line in the audit trail are one transaction. The database itself refuses to alter either.
- Nothing secret is in it: public keys, certificates and the hash of the label's code.

The rules above hold against mistakes, not against somebody who owns the file; keep backups elsewhere.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlite_utils
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from device.errors import Refused
from device.record.keys import PublicKey
from provisioning.box import Box
from provisioning.certificates import Revocation

FORM = 1  # of the tables, in the file's `user_version`
PATIENCE = 10  # seconds that one technician's command waits for another's

# Why a box is retired, in the technician's words and in X.509's.
REASONS = {
    "lost": x509.ReasonFlags.key_compromise,
    "replaced": x509.ReasonFlags.superseded,
    "ended": x509.ReasonFlags.cessation_of_operation,
}

_TABLES = """
CREATE TABLE boxes (
    id TEXT PRIMARY KEY,
    venue TEXT NOT NULL,
    hall TEXT NOT NULL,
    language TEXT NOT NULL,
    microphone TEXT NOT NULL,
    broker TEXT NOT NULL,
    kid TEXT NOT NULL UNIQUE,            -- RFC 7638 thumbprint of the signing key
    signing_key TEXT NOT NULL,           -- the public one, a JWK
    serial TEXT NOT NULL UNIQUE,         -- of the TLS certificate, hexadecimal
    certificate TEXT NOT NULL,           -- PEM
    label_code TEXT NOT NULL,            -- scrypt hash
    enrolled TEXT NOT NULL,              -- RFC 3339, UTC
    status TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    retired TEXT,
    reason TEXT,
    CHECK ((status = 'retired') = (retired IS NOT NULL AND reason IS NOT NULL))
) STRICT;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    actor TEXT NOT NULL,                 -- who was logged in, and on which machine
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL                 -- JSON
) STRICT;
CREATE TRIGGER boxes_stay BEFORE DELETE ON boxes
    BEGIN SELECT RAISE(ABORT, 'a box is retired, never removed'); END;
CREATE TRIGGER boxes_are_who_they_are BEFORE UPDATE OF id, kid, signing_key, serial, certificate, enrolled ON boxes
    BEGIN SELECT RAISE(ABORT, 'the identity of a box never changes'); END;
CREATE TRIGGER retired_boxes_rest BEFORE UPDATE ON boxes WHEN OLD.status = 'retired'
    BEGIN SELECT RAISE(ABORT, 'a retired box never changes'); END;
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is not rewritten'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is not shortened'); END;
"""


@dataclass(frozen=True)
class Keys:
    """What the register keeps of a box's identity: the public half."""

    signing_key: PublicKey
    certificate: x509.Certificate
    label_code: str  # scrypt hash


class Register:
    """The register in its SQLite file."""

    def __init__(self, database: sqlite_utils.Database) -> None:
        """Take an opened file; `create` and `open` are the ways in."""
        self._database = database

    @classmethod
    def create(cls, path: Path) -> None:
        """Make an empty register in a new file, readable by its owner only."""
        path.touch(mode=0o600, exist_ok=False)
        register = cls._connect(path)
        register._database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {FORM}; COMMIT;")
        register.close()

    @classmethod
    def open(cls, path: Path) -> "Register":
        """Open a register.

        Raises:
            Refused: There is none, it is none, or a newer `estu-provision` wrote it.
        """
        if not path.is_file():
            raise Refused(
                "register-missing",
                f"There is no register of boxes at {path}.",
                "Name the authority's folder with --authority, or make one with `estu-provision authority init`.",
            )
        register = cls._connect(path)
        try:
            form = register._database.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as reason:
            raise _unreadable(path, "it is no SQLite file") from reason
        if form != FORM:
            raise _unreadable(path, f"its form is {form}, this program knows {FORM}")
        return register

    @classmethod
    def _connect(cls, path: Path) -> "Register":
        connection = sqlite3.connect(path, timeout=PATIENCE)
        database = sqlite_utils.Database(connection)
        try:
            database.execute("PRAGMA synchronous = FULL")
        except sqlite3.DatabaseError as reason:
            connection.close()
            raise _unreadable(path, "it is no SQLite file") from reason
        return cls(database)

    def close(self) -> None:
        """Let go of the file."""
        self._database.conn.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """Make all changes within the block one: on the disk together at its end, or none of them.

        No other technician's command changes the register meanwhile.
        """
        try:
            self._database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as reason:
            raise Refused(
                "register-busy", "Another command is changing the register.", "Try again when it is done."
            ) from reason
        try:
            yield
        except BaseException:
            self._database.conn.rollback()
            raise
        self._database.conn.commit()

    def note(self, action: str, subject: str, detail: dict[str, Any], actor: str, now: datetime) -> int:
        """Add a line to the audit trail.

        Returns:
            Its number, greater than any before.
        """
        line = {
            "time": _stamp(now),
            "actor": actor,
            "action": action,
            "subject": subject,
            "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True),
        }
        return int(
            self._database.execute(
                "INSERT INTO audit (time, actor, action, subject, detail) "
                "VALUES (:time, :actor, :action, :subject, :detail) RETURNING number",
                line,
            ).fetchone()[0]
        )

    def enrol(self, box: Box, broker: str, keys: Keys, actor: str, now: datetime) -> None:
        """Write a new box down, within `change`.

        Raises:
            Refused: The id was given to a box before, be it retired by now.
        """
        self.refuse_known(box.id)
        row = {
            "id": box.id,
            "venue": box.venue,
            "hall": box.hall,
            "language": box.language,
            "microphone": box.microphone,
            "broker": broker,
            "kid": keys.signing_key.kid,
            "signing_key": json.dumps(keys.signing_key.as_jwk()),
            "serial": f"{keys.certificate.serial_number:x}",
            "certificate": keys.certificate.public_bytes(Encoding.PEM).decode(),
            "label_code": keys.label_code,
            "enrolled": _stamp(now),
            "status": "active",
        }
        self._database.table("boxes").insert(row)
        written = {
            name: row[name] for name in ("venue", "hall", "language", "microphone", "broker", "kid", "serial")
        }
        self.note("enrol", box.id, written, actor, now)

    def refuse_known(self, box: str) -> None:
        """Refuse an id that a box has or had.

        Raises:
            Refused: It has.
        """
        row = self.box(box)
        if row is not None:
            raise Refused(
                "box-known",
                f"Box {box} is in the register already: {row['venue']}, {row['hall']}, {row['status']}.",
                "An id is never used twice; give the next free one.",
            )

    def refuse_unfit_to_retire(self, box: str) -> dict[str, Any]:
        """Refuse a box that is unknown or retired; give any other.

        Raises:
            Refused: It is.
        """
        known = self.box(box)
        if known is None:
            raise Refused(
                "box-unknown", f"There is no box {box} in the register.", "See `estu-provision list`."
            )
        if known["status"] == "retired":
            raise Refused(
                "box-retired",
                f"Box {box} was retired on {known['retired']} ({known['reason']}).",
                "Nothing is left to do, once the broker has the list of revoked boxes.",
            )
        return known

    def retire(self, box: str, reason: str, actor: str, now: datetime) -> int:
        """Write down that a box counts no more, within `change`.

        Args:
            box: Its id.
            reason: One of REASONS.
            actor: Who says so.
            now: UTC.

        Returns:
            The number of the line in the audit trail; it serves as the number of the revocation list.

        Raises:
            Refused: The box is unknown or retired already.
        """
        known = self.refuse_unfit_to_retire(box)
        self._database.table("boxes").update(
            box, {"status": "retired", "retired": _stamp(now), "reason": reason}
        )
        return self.note("retire", box, {"reason": reason, "serial": known["serial"]}, actor, now)

    def box(self, box: str) -> dict[str, Any] | None:
        """Give one box as the table `boxes` has it, or nothing."""
        return next(iter(self._database.table("boxes").rows_where("id = ?", [box])), None)

    def boxes(self) -> list[dict[str, Any]]:
        """Give all boxes ever enrolled, by id, as the table `boxes` has them."""
        return list(self._database.table("boxes").rows_where(order_by="id"))

    def audit(self) -> list[dict[str, Any]]:
        """Give the audit trail, oldest line first, with `detail` as a value."""
        lines = self._database.table("audit").rows_where(order_by="number")
        return [{**line, "detail": json.loads(line["detail"])} for line in lines]

    def revocations(self) -> list[Revocation]:
        """Give every certificate that counts no more."""
        return [
            Revocation(int(row["serial"], 16), datetime.fromisoformat(row["retired"]), REASONS[row["reason"]])
            for row in self.boxes()
            if row["status"] == "retired"
        ]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _unreadable(path: Path, why: str) -> Refused:
    return Refused(
        "register-unreadable",
        f"The register {path} cannot be read: {why}.",
        "Update estu-provision, or restore the register from its backup.",
    )
