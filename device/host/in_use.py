"""Folders in use: whoever reads one holds it, and it is removed only when nobody does.

A reader takes a shared lock on the folder itself (flock(2)), a remover wants the lock alone. The kernel lets go of a lock
however a process ends, so there is no list of readers that could be wrong, and read access is all that a reader needs.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable
from pathlib import Path


class Held:
    """Some folders that nobody removes until they are let go of."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """Hold folders.

        Raises:
            FileNotFoundError: One of them is not there, or is just being removed.
            OSError: One of them cannot be opened.
        """
        self._opened: list[int] = []
        try:
            for folder in folders:
                self._opened.append(_held(folder))
        except OSError:
            self.let_go()
            raise

    def let_go(self) -> None:
        """Let others remove them."""
        while self._opened:
            os.close(self._opened.pop())


def remove_unused(folder: Path) -> bool:
    """Remove a folder with all that is in it, unless somebody holds it.

    Returns:
        Whether it is gone.

    Raises:
        OSError: It cannot be removed.
    """
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except BlockingIOError:
        return False
    finally:
        os.close(opened)
    return True


def _held(folder: Path) -> int:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(opened), folder.stat()):
            raise FileNotFoundError(f"{folder} was replaced")
    except BlockingIOError as error:
        os.close(opened)
        raise FileNotFoundError(f"{folder} is being removed") from error
    except OSError:
        with contextlib.suppress(OSError):
            os.close(opened)
        raise
    return opened
