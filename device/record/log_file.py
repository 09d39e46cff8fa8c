"""The one file that joins the three processes, and the rules by which SQLite keeps it.

- WAL, so that the page reads while the box writes; `synchronous=FULL`, so that a committed event survives the power.
- Every write is one BEGIN IMMEDIATE transaction: it waits its turn at the start, never half-way through.
- Readers finish each question before they return, so that no reader keeps the WAL from being written back.
- A connection belongs to the thread that opened it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.resources import files
from pathlib import Path

from device.errors import Broken, EstuError, Waiting
from device.record import limits

APPLICATION = 0x45535455  # 'ESTU', as in schema.sql
VERSION = 1

_WAL_BYTES = 4_194_304  # that stay on disk after a long backlog
_LET_IN = "Give this service access to the log's folder."
_ASK = "Keep the file, it is evidence, and ask whoever provides the box."


def connect_to_write(path: Path, failing: ExitStack | None = None) -> sqlite3.Connection:
    """Open a log for writing, and make it if it is not there; its folder exists.

    Args:
        path: The file.
        failing: Where a damaged file is closed, if not at once: SQLite then clears its write-ahead log away.

    Raises:
        Broken: It is no log, a newer program's log, or cannot be opened. It is then left as it is.
        Waiting: The disk is full.
    """
    _refuse_emptied(path)
    _make(path)
    with (
        errors_named(path),
        _closed_if_it_fails(f"{path.absolute().as_uri()}?mode=rwc", failing) as connection,
    ):
        if _has_tables(connection):
            _check_kind(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        with transaction(connection):
            if not _has_tables(connection):
                _create(connection)
        return connection


def build(path: Path) -> sqlite3.Connection:
    """Make a log that nobody may see before it is closed, synced and given its name."""
    _make(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    _create(connection)
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a log that another process writes; nothing can be changed through this connection.

    Raises:
        Waiting: There is no log yet (`log-absent`); or no service has it open, and the reader has no right to do by
            itself what readers of a WAL need (`log-idle`).
        Broken: It is no log, or a newer program's, or may not be read.
    """
    try:
        path.stat()
        _refuse_emptied(path)
    except FileNotFoundError as error:
        raise _absent(path) from error
    except OSError as error:
        raise Broken("log-closed", f"{path} cannot be opened ({error.strerror}).", _LET_IN) from error
    try:
        with errors_named(path), _closed_if_it_fails(f"{path.absolute().as_uri()}?mode=ro") as connection:
            connection.execute("PRAGMA query_only = ON")
            if not _has_tables(connection):
                raise _absent(path)  # the box is making it at this moment
            _check_kind(connection, path)
            return connection
    except Broken as broken:
        if broken.code == "log-closed" and not path.with_name(f"{path.name}-shm").exists():
            raise Waiting("log-idle", f"No service has {path} open.", "Start the box's services.") from broken
        raise


def _make(path: Path) -> None:
    """Make an empty file that the group may write, as far as the service's umask lets it; SQLite would not.

    The files that SQLite makes beside it get the same permissions.
    """
    with suppress(OSError):  # it is there; or SQLite names what is wrong
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o664))


def _refuse_emptied(path: Path) -> None:
    """Keep SQLite from deleting a write-ahead log whose file has lost all its bytes; the events may be in it."""
    wal = path.with_name(f"{path.name}-wal")
    if path.exists() and path.stat().st_size == 0 and wal.exists() and wal.stat().st_size > 0:
        raise Broken("log-corrupt", f"{path} is empty, though {wal.name} is not.", _ASK)


def _absent(path: Path) -> Waiting:
    return Waiting("log-absent", f"There is no log at {path} yet.", "The box makes it when it first listens.")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of it, durably, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # after a full disk, SQLite has rolled back by itself
            connection.execute("ROLLBACK")
        raise


@contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the box's own, with advice."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a rule of schema.sql was broken: a mistake in this program, to be seen whole
    except sqlite3.DatabaseError as error:
        raise _named(error, path) from error


def _named(error: sqlite3.DatabaseError, path: Path) -> EstuError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return Waiting(
                "disk-full",
                f"The disk with {path} is full; nothing of the event was written.",
                "Let the box reach the platform, so that old events can go, or give it a larger card.",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Waiting(
                "log-busy",
                f"Another program holds {path}.",
                "Close it, if it is none of the box's own three.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Broken("log-corrupt", f"{path} is damaged ({error}).", _ASK)
        case sqlite3.SQLITE_IOERR:
            return Broken(
                "log-disk", f"The disk fails at {path} ({error}).", "Replace the card; keep the old one."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return Broken(
                "log-closed",
                f"{path} cannot be opened ({error}).",
                "Give this service access to the log's folder.",
            )
    return Broken("log-failed", f"SQLite cannot go on with {path} ({error}).", _ASK)


@contextmanager
def _closed_if_it_fails(uri: str, failing: ExitStack | None = None) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=limits.BUSY_SECONDS)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.text_factory = legible
        yield connection
    except BaseException:
        if failing is None:
            connection.close()
        else:
            failing.callback(connection.close)
        raise


def legible(text: bytes) -> str:
    """Read text so that a damaged row can still be shown."""
    return text.decode("utf-8", "replace")


def _create(connection: sqlite3.Connection) -> None:
    statement = ""
    for line in files("device.record").joinpath("schema.sql").read_text("utf-8").splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    if application != APPLICATION:
        raise Broken(
            "log-foreign", f"{path} is a database, but no log of a box.", "Give the path of the log."
        )
    if version != VERSION:
        raise Broken(
            "log-version",
            f"{path} has version {version}, not {VERSION}.",
            "Install the software that wrote it.",
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
