"""What a box is told of the repository that its catalogues, models and systems come from."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from device.errors import Refused

_LARGEST = 512_000  # bytes of a root
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Updates:
    """The repository."""

    url: str  # of the folder with metadata/ and targets/
    root: bytes  # the root that the box trusts first
    public: bool  # the server's certificate is of a public authority, not of ours

    def as_json(self) -> str:
        """Write it for the register."""
        return json.dumps({"url": self.url, "root": self.root.decode(), "public": self.public})

    @classmethod
    def from_json(cls, text: str) -> "Updates":
        """Read what the register has."""
        told = json.loads(text)
        return cls(told["url"], told["root"].encode(), told["public"])


def add_arguments(enrol: argparse.ArgumentParser) -> None:
    """Add to `enrol` what it takes to tell a box of the repository."""
    enrol.add_argument(
        "--updates", metavar="URL", help="where catalogues come from, such as https://updates.example/estu"
    )
    enrol.add_argument(
        "--root", type=Path, metavar="FILE", help="the repository's root.json, whom the box trusts first"
    )
    enrol.add_argument(
        "--updates-public",
        action="store_true",
        help="that server's certificate is of a public authority (a bucket's), not of this one",
    )


def read(arguments: argparse.Namespace) -> Updates | None:
    """Read and check what was given, None if nothing was.

    Raises:
        Refused: Only half was given, the URL is none, or the file is no root.
    """
    url, path = arguments.updates, arguments.root
    if url is None and path is None:
        return None
    if url is None or path is None:
        raise Refused("updates-half", "--updates and --root belong together.", "Give both or neither.")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    open_to_network = parts.scheme == "http" and parts.hostname not in _LOOPBACK
    if parts.scheme not in ("https", "http") or not parts.hostname or open_to_network:
        raise Refused(
            "updates-url-faulty",
            f'"{url}" is no address of updates.',
            "Give it as https://updates.example/estu.",
        )
    try:
        with path.open("rb") as file:
            root = file.read(_LARGEST + 1)
        kind = json.loads(root)["signed"]["_type"] if len(root) <= _LARGEST else ""
    except OSError as error:
        raise Refused("root-unreadable", f"{path} cannot be read: {error.strerror}.", "Check it.") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        kind = ""
    if kind != "root":
        raise Refused(
            "root-faulty",
            f"{path} is no root of a repository.",
            "Give metadata/1.root.json of what `estu-central repository init` made, or a newer one.",
        )
    return Updates(url, root, arguments.updates_public)
