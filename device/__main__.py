"""`estu`: what a box does, and what one asks it."""

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from device.errors import EstuError
from device.host import blas
from device.settings import DEFAULT_PATH

DESCRIPTION = """\
The box that hears which music is performed in a hall and keeps a provable account of it.

Sound never touches a disk and never leaves the process that heard it. What does leave are signed events.
"""

EXAMPLES = """\
examples:
  estu listen                                     hear the hall and write the log (a service of its own)
  estu sync                                       bring the log to the platform (another one)
  estu status                                     is it hearing, and has the platform received it?
  estu page                                       the same for a browser, at http://127.0.0.1:8080
  estu verify log.sqlite --keys boxes.jwks        is this log whole, and signed by the box?
  estu identify clip.ogg --catalogue catalogue    which recording is this?
"""


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(
        prog="estu",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {version('estu')}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, what: str, more: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=what, description=f"{what[0].upper()}{what[1:]}. {more}".strip()
        )

    def with_settings(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made.add_argument(
            "--settings",
            type=Path,
            default=DEFAULT_PATH,
            metavar="FILE",
            help="the box's settings (%(default)s)",
        )
        return made

    with_settings(
        command(
            "listen", "hear through the microphone and write what was played into the log", "Ends on SIGTERM."
        )
    )
    made = with_settings(
        command(
            "replay",
            "hear a file in the microphone's place",
            "The same stages and the same log as `listen`; the log is the box's own, so use a box made for trials.",
        )
    )
    made.add_argument("file", type=Path, help="sound of any format and length")
    made.add_argument(
        "--start", metavar="TIME", help="when the file began to sound, as 2026-07-01T18:00:00+05:00"
    )
    made.add_argument(
        "--speed",
        type=float,
        metavar="X",
        help="so many seconds of sound in a second; as fast as it goes if not given",
    )
    with_settings(command("sync", "bring events to the platform and its receipts back", "Ends on SIGTERM."))
    made = with_settings(
        command(
            "page",
            "show the box to a browser: what it hears, what it heard, whether the platform has it",
            "Where the service manager hands over a port, that one is used. Ends on SIGTERM.",
        )
    )
    made.add_argument(
        "--listen", default="127.0.0.1:8080", metavar="ADDRESS", help="where to listen (%(default)s)"
    )
    made = with_settings(
        command(
            "commission",
            "measure how the microphone hears its hall, so that a deaf or covered one is told later",
            "Stop `estu listen` first. Keep quiet, then speak and clap where the audience sits; no sound is kept.",
        )
    )
    made.add_argument("--json", action="store_true", help="as JSON")
    made = command(
        "identify",
        "say which recordings sound in files",
        "Each file is a query of its own; one line of JSON each with --json.",
    )
    made.add_argument("files", nargs="+", type=Path, metavar="FILE", help="sound of any format and length")
    made.add_argument("--catalogue", type=Path, required=True, metavar="DIR", help="what can be recognised")
    made.add_argument("--json", action="store_true", help="one JSON object a line")
    made.add_argument("--all", action="store_true", help="also what the threshold did not accept")
    made = with_settings(command("status", "say what was heard last and what the platform has receipted"))
    made.add_argument("--json", action="store_true", help="as JSON")
    made = with_settings(
        command(
            "health",
            "wait until the box hears and the platform has receipted what it signed since its start",
            "By this an update is kept or left. Exit status 0: it does; 1: it does not, a sentence says what is missing.",
        )
    )
    made.add_argument(
        "--within", type=float, default=0.0, metavar="SECONDS", help="how long to wait (%(default)s)"
    )
    made = with_settings(
        command(
            "self-test",
            "check the box before leaving it: hearing, machine, catalogue, keys, broker",
            "Each check says PASS, FAIL or SKIP with a number and an advice. Run it as root, with `estu-listen` stopped "
            "for the loudspeaker's clip. Exit status 0: nothing failed; 1: something did.",
        )
    )
    made.add_argument("--json", action="store_true", help="as JSON")
    made.add_argument(
        "--loudspeaker",
        metavar="NAME",
        help="where the known clip is played; the system's default if not given",
    )
    made = command(
        "verify",
        "check a log offline: every signature, every number, the chain, the receipts",
        "Exit status 0: all is whole; 1: it is not.",
    )
    made.add_argument("log", type=Path, help="a box's log, or an export with one event a line")
    made.add_argument("--keys", type=Path, required=True, metavar="JWKS", help="the boxes' public keys")
    made.add_argument(
        "--platform-keys", type=Path, metavar="JWKS", help="the platform's, to check receipts too"
    )
    made.add_argument("--json", action="store_true", help="as JSON")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 done, 1 not as it should be (a sentence says what), 2 the command line is off.
    """
    blas.use_one_thread()
    from device import commands

    asked = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("faiss").setLevel(
        logging.WARNING
    )  # it tells at each start which of its builds it loads
    try:
        status: int = getattr(commands, asked.command.replace("-", "_"))(asked)
    except EstuError as error:
        print(f"estu {asked.command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has read enough
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
