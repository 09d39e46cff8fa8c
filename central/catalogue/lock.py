"""A lock, so that two builds never work on one folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import Refused


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have a folder for oneself; the kernel gives it back however the process ends.

    Args:
        folder: Made if it is not there.

    Raises:
        Refused: Another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(
                "builder-busy", f"Another build is working in {folder.parent}.", "Wait for it to end."
            ) from error
        yield
