"""The command line of technicians: `estu-provision`."""

import argparse
import getpass
import os
import platform
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

from device.errors import EstuError
from provisioning import commands
from provisioning.box import LANGUAGES
from provisioning.register import REASONS

EXAMPLES = """\
examples:
  Once, in a safe place:
    estu-provision authority init authority
    estu-provision authority issue-server broker.example 192.0.2.10 --out broker-tls

  For each box:
    estu-provision enrol estu-0001 --venue "Abai Opera House" --hall "Main hall" --language kk \\
        --platform-keys platform.jwks --broker mqtts://broker.example --out cards/estu-0001

  For fifty:
    estu-provision enrol --batch boxes.csv \\
        --platform-keys platform.jwks --broker mqtts://broker.example --out cards

  For the platform, after each change:
    estu-provision export --out boxes.jwks

  When a box is lost:
    estu-provision retire estu-0001 --reason lost

The authority's folder is ./authority, or $ESTU_AUTHORITY, or --authority DIR. Its passphrase is asked for, or comes
from $ESTU_AUTHORITY_PASSPHRASE or --passphrase-file FILE. Exit status: 0 done, 1 refused, 2 not understood.
"""

BATCH = """\
A batch is a CSV file (UTF-8; commas or semicolons) whose first row names the columns:
  box,venue,hall,language,microphone
  estu-0001,Abai Opera House,Main hall,kk,USB PnP
`microphone` may be left out. All rows are checked before anything is done; each fault is named by row and column.
Each box gets a folder of its own below --out, and below --prefix if that is given.
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words after the program's name; the process's own if left out.

    Returns:
        0 if it is done, 1 if it was refused; argparse itself ends the program with 2.
    """
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments, _actor(), datetime.now(UTC))
    except EstuError as error:
        print(f"estu-provision: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        print(
            f"estu-provision: The file or folder{where} cannot be used: {error.strerror}. "
            "Check the path, its owner and the free space; nothing was changed. [file-unusable]",
            file=sys.stderr,
        )
        return 1
    except sqlite3.Error as error:
        print(
            f"estu-provision: The register cannot be used: {error}. "
            "Check the free space and the disk; nothing was changed. [register-unusable]",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("estu-provision: Stopped; nothing was changed. [stopped]", file=sys.stderr)
        return 1
    return 0


def _actor() -> str:
    """Name who runs this, for the audit trail; in a container a user may have no name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"user {os.getuid()}"
    return f"{user}@{platform.node()}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="estu-provision",
        description="Give boxes their identity, and keep the register of them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    chosen = parser.add_subparsers(required=True, metavar="COMMAND")
    place, secret = _place(), _secret()

    about = chosen.add_parser("authority", help="make the authority; issue a broker's certificate")
    parts = about.add_subparsers(required=True, metavar="COMMAND")
    command = parts.add_parser("init", parents=[secret], help="make a new authority with an empty register")
    command.add_argument("folder", type=Path, metavar="DIR", help="where; nothing is ever overwritten")
    command.set_defaults(command=commands.authority_init)
    command = parts.add_parser("issue-server", parents=[place, secret], help="issue a broker's certificate")
    command.add_argument(
        "name", nargs="+", metavar="NAME", help="host name or IP address that boxes call it by"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the key and certificates"
    )
    command.set_defaults(command=commands.authority_issue_server)

    command = chosen.add_parser(
        "enrol",
        parents=[place, secret],
        help="give a box, or a batch of boxes, an identity",
        epilog=BATCH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "box", nargs="?", metavar="BOX", help="id of the box: a-z, 0-9 and hyphens, such as estu-0001"
    )
    command.add_argument(
        "--batch", type=Path, metavar="FILE", help="enrol the boxes of this CSV file instead"
    )
    command.add_argument("--venue", help="the venue, as the register of users of music knows it")
    command.add_argument("--hall", help="where in the venue")
    command.add_argument("--language", choices=LANGUAGES, help="what the box's page speaks at first")
    command.add_argument(
        "--microphone",
        metavar="NAME",
        help="USB identity such as 0d8c:0014, or part of the name (default: the only USB one)",
    )
    command.add_argument("--broker", required=True, metavar="URL", help="such as mqtts://broker.example:8883")
    command.add_argument(
        "--fallback",
        action="append",
        default=[],
        metavar="URL",
        help="another way to it where that one is blocked, such as wss://broker.example:443; may be given again",
    )
    command.add_argument(
        "--platform-keys", type=Path, required=True, metavar="JWKS", help="public keys of receipts"
    )
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the box's files")
    command.add_argument(
        "--prefix",
        type=Path,
        metavar="DIR",
        help="let the settings name this folder, not /etc/estu and /var/lib/estu",
    )
    command.set_defaults(command=commands.enrol_boxes)

    command = chosen.add_parser("list", parents=[place], help="show the register")
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(command=commands.list_boxes)

    command = chosen.add_parser("history", parents=[place], help="show who changed what, when")
    command.add_argument("box", nargs="?", metavar="BOX", help="only of this box")
    command.set_defaults(command=commands.history)

    command = chosen.add_parser(
        "export", parents=[place], help="write the boxes' public keys for the platform"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the JWKS; replaced if it is there"
    )
    command.set_defaults(command=commands.export)

    command = chosen.add_parser(
        "retire", parents=[place, secret], help="revoke a box's certificate, for good"
    )
    command.add_argument("box", metavar="BOX")
    command.add_argument("--reason", choices=sorted(REASONS), required=True, help="what has become of it")
    command.set_defaults(command=commands.retire)
    return parser


def _place() -> argparse.ArgumentParser:
    option = argparse.ArgumentParser(add_help=False)
    option.add_argument(
        "--authority",
        type=Path,
        metavar="DIR",
        default=Path(os.environ.get("ESTU_AUTHORITY", "authority")),
        help="folder of the authority (default: %(default)s)",
    )
    return option


def _secret() -> argparse.ArgumentParser:
    option = argparse.ArgumentParser(add_help=False)
    option.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="its first line is the passphrase"
    )
    return option


if __name__ == "__main__":
    sys.exit(main())
