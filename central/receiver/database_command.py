"""`estu-central database status` and `upgrade`: the ledger's tables, looked at and brought to this release."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Engine

DEFAULT = "sqlite:///ledger.sqlite"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = "Look at a ledger's database, and bring its tables to this release."
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    status = actions.add_parser(
        "status",
        help="say which tables it has, and how much is in them",
        description="Say which tables a ledger's database has, and how much is in them.",
        epilog="exit status: 0 they are this release's; 1 they are another's, or there are none; 2 it cannot be used",
    )
    upgrade = actions.add_parser(
        "upgrade",
        help="bring the tables to this release; what is in them stays",
        description="Bring the tables to this release, in one transaction; what is in them stays."
        " Stop all receivers and make a backup before.",
    )
    for action in (status, upgrade):
        action.add_argument(
            "--database", default=DEFAULT, metavar="URL", help="default: %(default)s, in this folder"
        )


def run(arguments: argparse.Namespace) -> int:
    """Look or upgrade.

    Raises:
        Refused: It is no URL of a database, there is no such file, or the database is of a newer release.
        Waiting: It cannot be reached.
    """
    from central.receiver import database, schema

    engine = database.engine(arguments.database)
    file = engine.url.database
    if engine.dialect.name == "sqlite" and not (file and Path(file).exists()):
        raise Refused(
            "database-missing", f"There is no ledger {file}.", "Look at the URL; a receiver makes it."
        )
    try:
        if arguments.action == "status":
            return _tell(engine)
        before, after = schema.upgrade(engine)
    finally:
        engine.dispose()
    shown = database.shown(engine)
    if before == after:
        print(f"{shown} has schema {after}, this release's; nothing was to be done.")
    else:
        print(f"{shown} has schema {after} now; it had {before or 'none, and was empty'}.")
    return 0


def _tell(engine: "Engine") -> int:
    from sqlalchemy import func, select

    from central.receiver import database, schema, tables

    with database.errors_named(), database.reading(engine).connect() as connection:
        revision, standing = schema.found(connection)
        print(f"{database.shown(engine)}: schema {revision or 'none'}, {standing.value}", end="")
        print("" if standing is schema.Standing.CURRENT else f" ({schema.current()})")
        if standing in {schema.Standing.CURRENT, schema.Standing.OLDER}:
            for table, words in (
                (tables.box, "boxes"),
                (tables.event, "events"),
                (tables.quarantine, "in quarantine"),
            ):
                count = connection.execute(select(func.count()).select_from(table)).scalar_one()
                print(f"{count:>12,} {words}")
    return 0 if standing is schema.Standing.CURRENT else 1
