"""A second note of the log's head, in a small file beside it.

The log itself cannot know that its end is missing: SQLite passes over a damaged end of its write-ahead log as over one
that was never committed. This note is written after each commit and is not waited for, so it costs nothing and may
lag behind. Where it is ahead of the log, the log has lost events.
"""

import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path

from device.record.event import NO_EVENT
from device.record.link import Link

log_of_service = logging.getLogger("estu.listen")

_BYTES = 128


def path_of(log: Path) -> Path:
    """Give the path of a log's note."""
    return log.with_name(f"{log.name}-head")


def read(log: Path) -> Link | None:
    """Give the head that was noted last, or None if there is no note, or none that is whole."""
    try:
        with path_of(log).open("rb") as file:
            seq, digest, check = file.read(_BYTES).split()
        noted = Link(int(seq), digest.decode("ascii"))
    except (OSError, ValueError):
        return None
    return noted if _line(noted).split()[2] == check and noted.hash != NO_EVENT else None


class HeadMark:
    """The note, for the log's one writer."""

    def __init__(self, log: Path) -> None:
        """Open it; where that fails, the log does without."""
        self._file: int | None = None
        with suppress(OSError):
            self._file = os.open(path_of(log), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)

    def put(self, head: Link) -> None:
        """Note the head."""
        if self._file is None:
            return
        try:
            os.pwrite(self._file, _line(head), 0)
        except OSError as error:
            log_of_service.warning("The head of the log cannot be noted: %s.", error.strerror)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _line(head: Link) -> bytes:
    text = f"{head.seq} {head.hash}".encode("ascii")
    return (text + b" " + hashlib.sha256(text).hexdigest()[:16].encode("ascii")).ljust(_BYTES - 1) + b"\n"
