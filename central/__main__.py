"""`estu-central`: what the royalty platform runs."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from device.errors import EstuError
from device.host import blas

EXAMPLES = """\
examples:
  estu-central catalogue build ~/Music --out catalogue         recordings become a catalogue for boxes
  estu-central keys create platform.pem                        the key that signs receipts
  estu-central receive --help                                  events in, receipts out
  estu-central notice --help                                   words for the pages of boxes
  estu-central database status --database URL                  which tables a ledger has, and how much is in them
  estu-central repository init site --keys keys                signed files that boxes take catalogues from
  estu-central rematch catalogue --database URL                unknown music of earlier evenings, tried again
  estu-central evaluate --corpus test                          recall by room, noise and length; false plays an hour
"""

RECEIVE = "take events from the broker, verify and store them, and answer with receipts"
REPOSITORY = "make and keep the repository that boxes take catalogues, models and systems from"
PUBLISH = "publish a model or a system for boxes"
EVALUATE = "measure how well recordings are recognised, and what is wrongly played"
NOTICE = "say something on the pages of boxes"
DATABASE = "look at a ledger's database, and bring its tables to this release"
REMATCH = "match unknown music of earlier evenings against a larger catalogue"
KEYS = "make and show the key that signs receipts"


def parser() -> argparse.ArgumentParser:
    """Describe the command line.

    The commands' modules, and numpy with them, are imported only here: `main` sets the threads first.
    """
    from central.catalogue import command as catalogue
    from central.evaluation import command as calibrate
    from central.evaluation import evaluate_command as evaluate
    from central.publishing import command as repository
    from central.publishing import publish_command as publish
    from central.receiver import command as receive
    from central.receiver import database_command as database
    from central.receiver import keys_command as keys
    from central.receiver import notice_command as notice
    from central.rematch import command as rematch

    top = argparse.ArgumentParser(
        prog="estu-central",
        description="What the royalty platform runs: catalogues built, events received and receipted, models calibrated and measured.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {version('estu')}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    catalogue.add_arguments(subparsers)
    receive.add_arguments(
        subparsers.add_parser("receive", help=RECEIVE, description=f"{RECEIVE.capitalize()}.")
    )
    notice.add_arguments(subparsers.add_parser("notice", help=NOTICE))
    database.add_arguments(subparsers.add_parser("database", help=DATABASE))
    keys.add_arguments(subparsers.add_parser("keys", help=KEYS, description=f"{KEYS.capitalize()}."))
    repository.add_arguments(
        subparsers.add_parser("repository", help=REPOSITORY, description=f"{REPOSITORY.capitalize()}.")
    )
    publish.add_arguments(
        subparsers.add_parser("publish", help=PUBLISH, description=f"{PUBLISH.capitalize()}.")
    )
    rematch.add_arguments(subparsers.add_parser("rematch", help=REMATCH))
    calibrate.add_arguments(subparsers)
    evaluate.add_arguments(subparsers.add_parser("evaluate", help=EVALUATE))
    for name, command in (
        ("catalogue", catalogue),
        ("receive", receive),
        ("notice", notice),
        ("database", database),
        ("keys", keys),
        ("repository", repository),
        ("publish", publish),
        ("rematch", rematch),
        ("calibrate", calibrate),
        ("evaluate", evaluate),
    ):
        subparsers.choices[name].set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 done, 1 not all of it (what is missing is named), 2 nothing was done.
    """
    blas.use_one_thread()
    asked = parser().parse_args(arguments)
    try:
        return int(asked.run(asked))
    except EstuError as error:
        print(f"estu-central {asked.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
