"""The ledger's database, opened so that it keeps what a receipt promises: SQLite by default, PostgreSQL by URL.

Rules:
- A committed batch survives the power, whatever the database was set to.
- Nothing waits for ever: not for a lock, not for a server that is gone without a word.
- A password is never shown.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from device.errors import Refused, Waiting

_ADVICE = "Give sqlite:///FILE, or postgresql://USER@HOST/NAME with the extra `postgresql` installed."
_BUSY_SECONDS = 30  # for another's transaction
_AGAIN = 0.05  # seconds, where SQLite does not wait by itself
_READING = "estu_reading"

_WAL = "PRAGMA journal_mode = WAL"
_SQLITE = (f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1_000}", _WAL, "PRAGMA synchronous = FULL")
_POSTGRESQL = (
    # `off` would lose committed batches with the power; what is stronger than `on` stays.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    f"SET lock_timeout = '{_BUSY_SECONDS}s'",
    "SET idle_in_transaction_session_timeout = '60s'",  # a receiver that hangs gives its boxes free
)
_TCP: dict[str, int] = {  # libpq: a server that is gone without a word is noticed within half a minute
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def engine(url: str) -> Engine:
    """Prepare connections to a database; none is made yet.

    Args:
        url: Such as `sqlite:////var/lib/estu/ledger.sqlite` or `postgresql://estu@db.example/ledger`.

    Raises:
        Refused: It is no URL of a database that the receiver works with.
    """
    try:
        address = make_url(url)
        if address.drivername in {"postgresql", "postgres"}:
            address = address.set(drivername="postgresql+psycopg")
        made = create_engine(
            address, connect_args=_TCP if address.drivername.startswith("postgresql") else {}
        )
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise Refused(
            "database-url", f"{_shown(url)} names no database that can be used.", _ADVICE
        ) from error
    match made.dialect.name:
        case "sqlite":
            _prepare(made, _SQLITE)
        case "postgresql":
            _prepare(made, _POSTGRESQL)
        case other:
            raise Refused("database-url", f"The receiver does not work with {other}.", _ADVICE)
    return made


def reading(made: Engine) -> Engine:
    """Give the same connections for reading only: they hold up nobody who writes."""
    return made.execution_options(**{_READING: True}, postgresql_readonly=True)


def shown(made: Engine) -> str:
    """Give a database's address without its password."""
    return made.url.render_as_string(hide_password=True)


@contextmanager
def errors_named() -> Iterator[None]:
    """Turn what a database's driver raises into words.

    Raises:
        Waiting: The database is away, busy or full.
    """
    try:
        yield
    except DBAPIError as error:
        raise Waiting(
            "ledger-away",
            f"The ledger's database does not take anything: {str(error.orig).strip()}.",
            "Wait; if it lasts, look at the database, its disk and its address.",
        ) from error


def _shown(url: str) -> str:
    try:
        return repr(make_url(url).render_as_string(hide_password=True))
    except (ArgumentError, ValueError):
        return "What was given"


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switch a file to its write-ahead log; two who do so to a new one at once refuse each other without any waiting."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute(_WAL)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN)
        else:
            return


def _prepare(made: Engine, settings: tuple[str, ...]) -> None:
    is_sqlite = made.dialect.name == "sqlite"

    @event.listens_for(made, "connect")
    def _connected(connection: Any, _record: object) -> None:
        if is_sqlite:
            connection.isolation_level = None  # transactions begin where SQLAlchemy says, see below
        else:
            connection.autocommit = True
        for setting in settings:
            if setting == _WAL:
                _to_wal(connection)
            else:
                connection.execute(setting)
        if not is_sqlite:
            connection.autocommit = False

    if is_sqlite:

        @event.listens_for(made, "begin")
        def _begin(connection: Connection) -> None:
            # A transaction that reads and then wants to write is refused at once if another wrote in between.
            is_reading = connection.get_execution_options().get(_READING)
            connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
