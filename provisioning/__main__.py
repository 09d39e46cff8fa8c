"""The command line of technicians: `estu-provision`."""

import getpass
import os
import platform
import sqlite3
import sys
from datetime import UTC, datetime

from device.errors import EstuError
from provisioning.command_line import parser


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words after the program's name; the process's own if left out.

    Returns:
        0 if it is done, 1 if it was refused; argparse itself ends the program with 2.
    """
    arguments = parser().parse_args(argv)
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
        print("estu-provision: Stopped; what was not said to be done is not done. [stopped]", file=sys.stderr)
        return 1
    return 0


def _actor() -> str:
    """Name who runs this, for the audit trail, also under sudo; in a container a user may have no name."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        user = f"user {os.getuid()}"
    return f"{user}@{platform.node()}"


if __name__ == "__main__":
    sys.exit(main())
