"""`estu-central publish` and `estu-central catalogue publish`: something new for boxes."""

import argparse
from pathlib import Path

from central.publishing import command, content
from central.publishing.content import Change
from central.publishing.keys import Keyring
from central.publishing.passphrases import Asking
from central.publishing.repository import Repository, utc_now

WHAT_CATALOGUE = "publish a catalogue for boxes: they take the parts they lack"

_END = """\
What is published becomes valid when enough keys of targets have signed it and the keys of snapshot and timestamp are at
hand; else it waits (`estu-central repository sign`, `refresh`). Boxes look about once an hour.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `estu-central publish`."""
    parser.epilog = _END
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="WHAT")
    made = kinds.add_parser("model", help="an embedding model with its calibration and background")
    made.add_argument("folder", type=Path, metavar="DIR", help="with embedding.tflite and what belongs to it")
    command.signing(made)
    made = kinds.add_parser("system", help="a bundle for RAUC; boxes lay it ready to be installed")
    made.add_argument("file", type=Path, metavar="FILE", help="the .raucb")
    made.add_argument("--version", required=True, metavar="V", help="what people call it")
    command.signing(made)


def add_catalogue_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `estu-central catalogue publish`."""
    parser.epilog = _END
    parser.add_argument("folder", type=Path, metavar="DIR", help="the catalogue's folder")
    command.signing(parser)


def run(asked: argparse.Namespace) -> int:
    """Run `estu-central publish`."""
    repository = Repository(asked.repository)
    with repository.shelf.alone():
        change: Change
        if asked.kind == "model":
            digest, change = content.model(repository.shelf, asked.folder)
            print(f"Model {digest}.")
        else:
            change = content.system(repository.shelf, asked.file, asked.version)
        return _publish(repository, change, asked)


def run_catalogue(asked: argparse.Namespace) -> int:
    """Run `estu-central catalogue publish`."""
    repository = Repository(asked.repository)
    with repository.shelf.alone():
        change = content.catalogue(repository.shelf, asked.folder, repository.names())
        return _publish(repository, change, asked)


def _publish(repository: Repository, change: Change, asked: argparse.Namespace) -> int:
    ring = Keyring.of(asked.keys, Asking(asked.passphrase_file, new=False))
    return command.tell(repository.publish(change, ring, utc_now()))
