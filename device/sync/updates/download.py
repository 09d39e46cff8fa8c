"""One file, fetched until it is whole, however often the connection breaks on the way.

    FOLDER/DIGEST    what has come of a file so far, named by the digest of the whole

Rules:
1. What has come stays, over breaks of the connection and of the power, and is never fetched again.
2. Never more is written than the signed length.
3. A file is checked as a whole when all has come; one that is wrong goes, whoever sent its parts.
4. It gets its place only when it is right and on the disk.
5. Where the disk becomes full, what has come goes too: the log needs the room more.
"""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError, LengthOrHashMismatchError, SlowRetrievalError
from tuf.api.metadata import TargetFile

from device.errors import Refused, Waiting
from device.sync.updates.fetcher import Fetcher, StoppedError
from device.sync.updates.site import Site
from device.sync.updates.trust import in_words, on_disk

BREAKS = 16  # that are gone on from at once, if each brought something; then it is waited
# Bytes that updates leave free on the card: what the log wants (`record/room.py`), twice.
LEFT_FREE = 160 * 1024**2


@dataclass
class Downloads:
    """The files that are on their way into one folder's neighbourhood."""

    folder: Path  # on the same file system as the places that the files get
    site: Site
    fetcher: Fetcher
    arrived: Callable[[int], None] = lambda _: None  # told how many bytes have come
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    left_free: int = LEFT_FREE

    def refuse_full(self, targets: list[TargetFile]) -> None:
        """Refuse to begin what the card has no room for.

        Raises:
            Waiting: It has not.
        """
        self._make()
        here = sum(self._come(target) for target in targets)
        needed = sum(target.length for target in targets) - here
        free = self.free(self.folder) - self.left_free
        if needed > free:
            raise Waiting(
                "updates-room",
                f"An update of {needed / 1e6:.0f} MB has no room: {max(0, free) / 1e6:.0f} MB could be used.",
                "Wait until delivered events have gone; if it lasts, a larger card is needed.",
            )

    def fetch(self, target: TargetFile, goal: Path) -> None:
        """Fetch a file and give it its place.

        Args:
            target: What is signed: length, hash, name.
            goal: Its place; the folder is made.

        Raises:
            Refused: The server gives something else than what is signed.
            Waiting: The connection broke too often, or the disk takes nothing; what has come stays.
        """
        path = self.folder / target.hashes["sha256"]
        try:
            self._make()
            begun_before = self._come(target) > 0
            self._complete(target, path)
            if begun_before and not _is_right(target, path):  # a power cut may have taken what had come
                path.unlink()
                self._complete(target, path)
            if not _is_right(target, path):
                raise _wrong(target, "its content is another one", path)
            goal.parent.mkdir(parents=True, exist_ok=True)
            path.replace(goal)
            for folder in (goal.parent, goal.parent.parent):
                _sync(folder)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                path.unlink(missing_ok=True)
            raise on_disk(error) from error

    def forget(self) -> None:
        """Let go of what has come of files that are not wanted any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise on_disk(error) from error

    def _come(self, target: TargetFile) -> int:
        try:
            return (self.folder / target.hashes["sha256"]).stat().st_size
        except OSError:
            return 0

    def _complete(self, target: TargetFile, path: Path) -> None:
        breaks = 0
        while (come := self._come(target)) < target.length or not path.exists():
            try:
                self._more(target, path, come)
            except StoppedError as error:
                raise Waiting(
                    "updates-stopped", "Updates: the service ends.", "It goes on at its next start."
                ) from error
            except DownloadError as error:
                if (
                    isinstance(error, DownloadHTTPError | SlowRetrievalError)
                    or breaks == BREAKS
                    or self._come(target) <= come
                ):
                    raise in_words(error) from error
                breaks += 1

    def _more(self, target: TargetFile, path: Path, come: int) -> None:
        """Fetch what is missing, or all of it where the server cannot give a part."""
        (name,) = target.get_prefixed_paths()
        start, pieces = self.fetcher.resume(f"{self.site.url}targets/{name}", come)
        with path.open("r+b" if start else "wb") as file:
            file.seek(start)
            for piece in pieces:
                self.arrived(len(piece))
                if file.tell() + len(piece) > target.length:
                    pieces.close()  # type: ignore[attr-defined]  # a generator; it ends the connection
                    self.fetcher.close()
                    raise _wrong(target, "it is longer than what is signed", path)
                file.write(piece)
            if file.tell() < target.length:
                raise DownloadError(f"{self.site} gives only {file.tell()} of {target.length} bytes")
            file.flush()
            os.fsync(file.fileno())


def _is_right(target: TargetFile, path: Path) -> bool:
    try:
        with path.open("rb") as file:
            target.verify_length_and_hashes(file)
    except LengthOrHashMismatchError:
        return False
    return True


def _wrong(target: TargetFile, what: str, path: Path) -> Refused:
    path.unlink(missing_ok=True)
    return Refused(
        "updates-wrong-file",
        f"The server's file {target.path} is not the one that is signed: {what}.",
        "The box keeps what it has. If it lasts, the platform's operator must look at the server.",
    )


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
