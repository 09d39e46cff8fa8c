"""The files that are published, in `targets/`: each lies there under its name with its SHA-256 before it, and never changes.

So a file that a box is reading stays what it was while a newer one of the same name is published, and one that is there
need not be written again. (The Update Framework, section 6.2: consistent snapshots.)
"""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from tuf.api.metadata import TargetFile

from central.publishing.shelf import TARGETS, Shelf
from device.errors import Broken, Refused

_PIECE = 2**20  # bytes copied at once


def place(shelf: Shelf, target: TargetFile) -> Path:
    """Say where the content of a published file lies."""
    (path,) = target.get_prefixed_paths()
    return shelf.folder / TARGETS / path


def put(shelf: Shelf, name: str, source: Path, custom: dict[str, Any] | None = None) -> TargetFile:
    """Copy a file to where boxes find it, whole or not at all.

    Args:
        shelf: The repository.
        name: Under which it is published, such as `system/system.raucb`.
        source: The file.
        custom: What boxes are told of it.

    Raises:
        Refused: It cannot be read.
        Broken: It cannot be written.
    """
    try:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(
            "publish-unreadable", f"{source} cannot be read: {error.strerror}.", "Check it."
        ) from error
    target = TargetFile(source.stat().st_size, {"sha256": digest}, name)
    if custom:
        target.unrecognized_fields["custom"] = custom
    goal = place(shelf, target)
    if not goal.exists():
        try:
            _copy(source, goal, digest)
        except OSError as error:
            raise Broken(
                "publish-cannot-write",
                f"{goal}: {error.strerror}.",
                "Check the disk and its space; publish again.",
            ) from error
    return target


def prune(shelf: Shelf) -> int:
    """Remove the files that no version of targets names any more, and give how many there were."""
    kept = {place(shelf, target) for target in shelf.named()}
    removed = 0
    for path in sorted((shelf.folder / TARGETS).rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept:
            path.unlink()
            removed += 1
    return removed


def _copy(source: Path, goal: Path, digest: str) -> None:
    goal.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", dir=goal.parent)
    beside = Path(name)
    try:
        copied = hashlib.sha256()
        with source.open("rb") as read, os.fdopen(descriptor, "wb") as write:
            os.fchmod(write.fileno(), 0o644)
            while piece := read.read(_PIECE):
                copied.update(piece)
                write.write(piece)
            write.flush()
            os.fsync(write.fileno())
        _refuse_changed(source, copied.hexdigest() == digest)
        beside.replace(goal)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(goal.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _refuse_changed(source: Path, same: bool) -> None:
    if not same:
        raise Refused("publish-changing", f"{source} changes while it is read.", "Wait until it is whole.")
