"""`estu-central database status`, `boxes` and `upgrade`: the ledger looked at, and brought to this release."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from central.receiver.account import Standing

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
    boxes = actions.add_parser(
        "boxes",
        help="say how far each box's chain is whole, what is missing, and what was set aside and why",
        description="Say how far each box's chain is whole, what is missing, and what was set aside and why.",
        epilog="exit status: 0 nothing is missing or set aside; 1 something is; 2 the ledger cannot be used",
    )
    boxes.add_argument("--json", action="store_true", help="an object a box, one a line")
    upgrade = actions.add_parser(
        "upgrade",
        help="bring the tables to this release; what is in them stays",
        description="Bring the tables to this release, in one transaction; what is in them stays."
        " Stop all receivers and make a backup before.",
    )
    for action in (status, boxes, upgrade):
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
        if arguments.action == "boxes":
            return _tell_boxes(engine, arguments.json)
        before, after = schema.upgrade(engine)
    finally:
        engine.dispose()
    shown = database.shown(engine)
    if before == after:
        print(f"{shown} has schema {after}, this release's; nothing was to be done.")
    else:
        print(f"{shown} has schema {after} now; it had {before or 'none, and was empty'}.")
    return 0


def _tell_boxes(engine: "Engine", as_json: bool) -> int:
    from central.receiver import database, schema
    from central.receiver.account import Account

    with database.errors_named():
        with database.reading(engine).connect() as connection:
            if schema.found(connection)[1] is not schema.Standing.CURRENT:
                return _tell(engine)
        account = Account(engine)
        standings, reasons = account.standings(), account.reasons()
    for name in sorted({*standings, *reasons}):
        standing, aside = standings.get(name), reasons.get(name, {})
        if as_json:
            told = (
                {}
                if standing is None
                else asdict(standing) | {"heard": f"{standing.heard:%Y-%m-%dT%H:%M:%SZ}"}
            )
            print(json.dumps({"box": name or None} | told | {"set_aside": aside}))
        else:
            print(_in_words(name, standing, aside))
    return 1 if reasons or any(one.waiting or one.objected for one in standings.values()) else 0


def _in_words(name: str, standing: "Standing | None", aside: dict[str, int]) -> str:
    words = [f"{name or '(no box)':32}"]
    if standing is None:
        words.append("nothing is kept of it")
    else:
        words.append(
            f"whole through {standing.place.through:,}, heard {standing.heard:%Y-%m-%d %H:%M:%S} UTC"
        )
        if standing.waiting:
            words.append(f"event {standing.missing:,} is MISSING, {standing.waiting:,} wait behind it")
        if standing.objected:
            words.append(f"{standing.objected:,} are not counted, since the contract objects to them")
    if aside:
        words.append("set aside: " + ", ".join(f"{count:,} {reason}" for reason, count in aside.items()))
    return "; ".join(words)


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
