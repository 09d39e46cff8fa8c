"""Which tables a ledger's database has, and how they become those of this release.

Rules:
- An empty database is given this release's tables by the first receiver that comes; others wait for it.
- An older one is upgraded by a person (`estu-central database upgrade`), never by a receiver that happens to start:
  other receivers may be at work on it in their own release, and a backup comes first.
- A newer one is refused: nobody knows here what its columns mean.
- An upgrade is one transaction: all of it or nothing.
"""

from enum import Enum

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from central.receiver.database import errors_named, shown
from device.errors import Refused

FIRST = "0001"  # what a database has that was made before its tables were numbered
_LOCK = 0x65737475  # "estu": the advisory lock that upgrades take on PostgreSQL


class Standing(Enum):
    """How a database stands to this release."""

    EMPTY = "empty"
    OLDER = "older than this release"
    CURRENT = "this release's"
    NEWER = "newer than this release"


def current() -> str:
    """Give the number of this release's schema."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def found(connection: Connection) -> tuple[str | None, Standing]:
    """Say which schema a database has; no number where it is empty."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        if "event" not in inspect(connection).get_table_names():
            return None, Standing.EMPTY
        revision = FIRST
    script = ScriptDirectory.from_config(config())
    if revision == script.get_current_head():
        return revision, Standing.CURRENT
    known = {step.revision for step in script.walk_revisions()}
    return revision, Standing.OLDER if revision in known else Standing.NEWER


def require_current(engine: Engine) -> None:
    """Let a database through that has this release's tables; give them to one that has none.

    Raises:
        Refused: `database-older` or `database-newer`.
        Waiting: It cannot be reached.
    """
    with errors_named(), engine.begin() as connection:
        revision, standing = found(connection)
        if standing is Standing.EMPTY:
            _upgrade(connection)
            return
    if standing is Standing.OLDER:
        raise Refused(
            "database-older",
            f"{shown(engine)} has the tables of an older release: schema {revision}, and {current()} is needed.",
            "Stop all receivers, make a backup, and run `estu-central database upgrade`.",
        )
    _refuse_newer(engine, revision, standing)


def upgrade(engine: Engine, to: str = "head") -> tuple[str | None, str]:
    """Bring a database's tables to this release; what is in them stays.

    Args:
        engine: As `database.engine` gives it.
        to: The schema's number, if not this release's; for tests of the way there.

    Returns:
        The schema's number before (none: it was empty) and after.

    Raises:
        Refused: It is newer than this release.
        Waiting: It cannot be reached, or is locked; nothing was changed.
    """
    with errors_named(), engine.begin() as connection:
        before, standing = found(connection)
        _refuse_newer(engine, before, standing)
        _upgrade(connection, to)
        after, _ = found(connection)
    return before, str(after)


def _refuse_newer(engine: Engine, revision: str | None, standing: Standing) -> None:
    if standing is Standing.NEWER:
        raise Refused(
            "database-newer",
            f"{shown(engine)} has the tables of a newer release: schema {revision}, and {current()} is known here.",
            "Install that release, or restore the backup that was made before the upgrade.",
        )


def _upgrade(connection: Connection, to: str = "head") -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    revision, _ = found(connection)  # again, since another may have come first
    unnumbered = MigrationContext.configure(connection).get_current_revision() is None
    if revision is not None and unnumbered:
        command.stamp(config(connection), revision)
    command.upgrade(config(connection), to)


def config(connection: Connection | None = None) -> Config:
    """Tell Alembic where the steps are, and what to run them on."""
    made = Config()
    made.set_main_option("script_location", "central.receiver:migrations")
    made.attributes["connection"] = connection
    return made
