"""A word from a process that reads the log to the one that writes it: something in there is damaged.

`estu sync` finds an event whose bytes are not those of its hash, or a page that SQLite cannot read. It may change
nothing but receipts; so it leaves a small file, and `estu listen` looks for itself. If `estu listen` itself ends with such
an error, it leaves the same word to its next start.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from device.errors import Broken

log_of_service = logging.getLogger("estu.sync")

_LARGEST = 4_096  # bytes


def path_of(log: Path) -> Path:
    """Give the path of the word about a log."""
    return log.with_name(f"{log.name}-suspect")


def read(log: Path) -> str | None:
    """Give the word that was left, or None if there is none."""
    try:
        with path_of(log).open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return None


def leave(log: Path, words: str) -> None:
    """Leave a word; one that is there stays."""
    try:
        with path_of(log).open("x", encoding="utf-8") as file:
            file.write(words[:1_000])
    except FileExistsError:
        pass
    except OSError as error:
        log_of_service.warning("That the log is damaged cannot be noted: %s.", error.strerror)


@contextmanager
def left_behind(log: Path) -> Iterator[None]:
    """Leave a word if what is done with a log ends with its damage, so that the next opening looks thoroughly."""
    try:
        yield
    except Broken as broken:
        if broken.code == "log-corrupt":
            leave(log, broken.message)
        raise


def clear(log: Path) -> None:
    """Take the word away: it was followed."""
    with suppress(OSError):
        path_of(log).unlink(missing_ok=True)
