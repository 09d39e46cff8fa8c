"""The register's file: opening it, changing it in transactions, and the audit trail in which every change has a line."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import sqlite_utils

from device.errors import Refused
from provisioning.register_form import FORM, TABLES, UPGRADES

PATIENCE = 10  # seconds that one technician's command waits for another's


class RegisterFile:
    """An opened SQLite file."""

    def __init__(self, database: sqlite_utils.Database) -> None:
        """Take an opened file; `create` and `open` are the ways in."""
        self._database = database

    @classmethod
    def create(cls, path: Path) -> None:
        """Make an empty register in a new file, readable by its owner only."""
        path.touch(mode=0o600, exist_ok=False)
        register = cls._connect(path)
        register._rebuild(None, TABLES)
        register.close()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a register; one of an older form becomes one of this.

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
            form = register._form()
        except sqlite3.DatabaseError as reason:
            raise _unreadable(path, "it is no SQLite file") from reason
        if form in UPGRADES:
            register._rebuild(form, UPGRADES[form])
        elif form != FORM:
            raise _unreadable(path, f"its form is {form}, this program knows {FORM}")
        return register

    @classmethod
    def _connect(cls, path: Path) -> Self:
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

    def _rebuild(self, form: int | None, script: str) -> None:
        """Run the statements that make the tables, or those of an older form into those of this.

        Args:
            form: The form that is to be left; if another command has left it meanwhile, nothing is done.
            script: The statements.
        """
        with self.change():
            if form in (None, self._form()):
                for statement in _statements(script):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {FORM}")

    def _form(self) -> int:
        return int(self._database.execute("PRAGMA user_version").fetchone()[0])

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
            "time": stamp(now),
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

    def audit(self) -> list[dict[str, Any]]:
        """Give the audit trail, oldest line first, with `detail` as a value."""
        lines = self._database.table("audit").rows_where(order_by="number")
        return [{**line, "detail": json.loads(line["detail"])} for line in lines]


def stamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _unreadable(path: Path, why: str) -> Refused:
    return Refused(
        "register-unreadable",
        f"The register {path} cannot be read: {why}.",
        "Update estu-provision, or restore the register from its backup.",
    )


def _statements(script: str) -> Iterator[str]:
    """Part a script, since `executescript` would commit before it begins."""
    statement = ""
    for line in script.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
