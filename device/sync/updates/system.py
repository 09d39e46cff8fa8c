"""A new system for the box, laid ready whole: another service, which has the right to, installs it.

FOLDER/system.raucb   the bundle; it appears in one step, and may be removed by whoever has installed it
FOLDER/system.json    which bundle was laid ready last, so that it is not fetched again once it is gone
"""

import hashlib
from pathlib import Path

import msgspec
from tuf.api.metadata import TargetFile

from device.errors import Refused
from device.host import atomic_file
from device.sync.updates import names
from device.sync.updates.download import Downloads
from device.sync.updates.trust import Trust, on_disk

BUNDLE, NOTE = "system.raucb", "system.json"
_LARGEST = 4096  # bytes


class Laid(msgspec.Struct, frozen=True):
    """The bundle that was laid ready last."""

    version: str
    sha256: str


def take(trust: Trust, folder: Path, downloads: Downloads) -> str | None:
    """Lay ready what is published, if it is another bundle than the last.

    Args:
        trust: Refreshed.
        folder: Where it is laid.
        downloads: By way of a folder on the same file system.

    Returns:
        The version that was laid ready last, None if none was.

    Raises:
        Refused: What is published is not as it must be.
        Waiting: The connection broke, or the disk takes nothing; what has come stays.
    """
    target = trust.file(names.SYSTEM)
    last = read(folder)
    if target is None:
        return None if last is None else last.version
    laid = _laid(target)
    if last is not None and last.sha256 == laid.sha256:
        return last.version
    try:
        if not _is_there(folder / BUNDLE, laid.sha256):
            downloads.refuse_full([target])
            downloads.fetch(target, folder / BUNDLE)
        for left in folder.glob(f".{NOTE}.*"):  # a kill left it while the note was replaced
            left.unlink()
        atomic_file.replace(folder / NOTE, msgspec.json.encode(laid))
        downloads.forget()
    except OSError as error:
        raise on_disk(error) from error
    return laid.version


def read(folder: Path) -> Laid | None:
    """Give which bundle was laid ready last."""
    try:
        with (folder / NOTE).open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=Laid)
    except (OSError, ValueError, RecursionError):
        return None


def _laid(target: TargetFile) -> Laid:
    version = (target.custom or {}).get("version")
    if not isinstance(version, str) or not 0 < len(version) <= 100:
        raise Refused(
            "updates-incomplete",
            f"What is signed about {target.path} does not name its version.",
            "The platform's operator must publish it again; the box keeps what it has.",
        )
    return Laid(version, target.hashes["sha256"])


def _is_there(path: Path, sha256: str) -> bool:
    """Say whether the bundle lies there already: a power cut may have come before the note was written."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False
