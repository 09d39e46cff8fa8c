"""`estu-central keys create`: the key that receipts are signed with."""

import argparse
from pathlib import Path

from device.errors import Refused


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = "Keep the key that the platform signs receipts with."
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser(
        "create",
        help="make a key, and print its public half",
        description="Make the platform's key, readable by its owner only, and print its public half as JWKS: what"
        " every box gets as its `platform_keys`.",
    )
    create.add_argument("file", type=Path, help="where the private key is written; never over another file")
    show = actions.add_parser(
        "show", help="print a key's public half", description="Print a key's public half as JWKS."
    )
    show.add_argument("file", type=Path, help="the private key")


def run(arguments: argparse.Namespace) -> int:
    """Make or show a key.

    Raises:
        Refused: The file is there already, or cannot be written.
        Broken: The file holds no key.
    """
    from device.record.keys import Jwks
    from device.record.signing_key import SigningKey

    if arguments.action == "create":
        key = SigningKey.create(box=None)
        try:
            key.save(arguments.file)
        except OSError as error:
            raise Refused(
                "key-unwritable",
                f"The key cannot be written to {arguments.file}: {error.strerror}.",
                "Give the name of a file that is not there yet, in a folder that is.",
            ) from error
    else:
        key = SigningKey.load(arguments.file, box=None)
    print(Jwks.of([key.public]).as_json().decode())
    return 0
