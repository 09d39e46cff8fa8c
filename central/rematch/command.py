"""`estu-central rematch`: unknown music of earlier evenings against a larger catalogue."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

DEFAULT = "sqlite:///ledger.sqlite"

_DESCRIPTION = """Match the music that boxes could not identify against a catalogue that has grown since. The ledger is
only read; what is found is printed, an object a line. Money follows from it only by whoever decides so."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = _DESCRIPTION
    parser.epilog = (
        "exit status: 0 all were tried; 1 some are of a model that is not the catalogue's; 2 nothing was done"
    )
    parser.add_argument("catalogue", type=Path, metavar="DIR", help="the catalogue's folder")
    parser.add_argument("--database", default=DEFAULT, metavar="URL", help="the ledger; default: %(default)s")
    parser.add_argument("--box", action="append", metavar="NAME", help="only this box; may be given again")
    parser.add_argument(
        "--since", type=_day, metavar="DATE", help="only what was written on this day (UTC) or later"
    )
    parser.add_argument("--candidates", action="store_true", help="also what stays below the threshold")


def run(arguments: argparse.Namespace) -> int:
    """Match and print.

    Raises:
        Refused: The catalogue or the ledger cannot be used.
    """
    from central.receiver import database
    from central.receiver.account import Account
    from central.rematch.rematching import Rematcher, Tally, stored
    from device.recogniser import recogniser

    tally = Tally()
    engine = database.engine(arguments.database)
    try:
        with database.errors_named(), recogniser(arguments.catalogue) as parts:
            account = Account(engine)
            boxes = arguments.box or list(account.standings())
            rematcher = Rematcher(parts.catalogue, parts.background, parts.calibration, parts.chance)
            for found in rematcher.rematch(stored(account, boxes, arguments.since), tally):
                if found.status == "identified" or arguments.candidates:
                    times = {name: getattr(found, name).isoformat() for name in ("start", "end")}
                    print(json.dumps(asdict(found) | times, ensure_ascii=False), flush=True)
    finally:
        engine.dispose()
    print(f"{tally.tried} events tried, {tally.other_model} of another model.", file=sys.stderr)
    return 1 if tally.other_model else 0


def _day(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-11-22") from error
