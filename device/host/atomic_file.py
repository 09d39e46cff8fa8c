"""Files that are there whole or not at all, whatever moment the power fails."""

import os
import tempfile
from pathlib import Path


def replace(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put content in place of a file: write beside it, sync, rename over it, sync the folder.

    Args:
        path: The file; its folder exists.
        content: All of it.
        mode: Its permissions, set before a byte is in it.

    Raises:
        OSError: It cannot be written; what was there before is there still.
    """
    beside = _write_beside(path, content, mode)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_new(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file that is not there yet, whole or not at all.

    Raises:
        FileExistsError: It is there; it stays as it is.
        OSError: It cannot be written.
    """
    beside = _write_beside(path, content, mode)
    try:
        path.hardlink_to(beside)  # unlike a rename, this fails where there is a file
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(path.parent)


def show(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put content in place of a file that tells a moment and need not survive the power: `replace` without waiting.

    Raises:
        OSError: It cannot be written; what was there before is there still.
    """
    beside = _write_beside(path, content, mode, wait=False)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _write_beside(path: Path, content: bytes, mode: int, wait: bool = True) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            if wait:
                os.fsync(file.fileno())
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return beside


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
