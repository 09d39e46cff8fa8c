"""The disk or the file that is being written, and its first MiB, which is written last.

Without its first MiB a disk has no partition table: a card whose writing was cut short does not look like one that was
finished, to a box no more than to `estu-provision verify`.
"""

import contextlib
import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from device.errors import Refused
from provisioning.card.partitions import HEAD

_BLKDISCARD, _BLKFLSBUF = 0x1277, 0x1261  # linux/fs.h
_ADVICE = "Try once more; if it happens again, throw the card away, or try another reader."


class Target:
    """An open disk or file; offsets are in bytes from its beginning."""

    def __init__(self, path: Path, descriptor: int, is_disk: bool) -> None:
        """Take what `open_target` has opened."""
        self.path = path
        self._descriptor = descriptor
        self._is_disk = is_disk
        self._head: bytearray | None = None  # what is to be written last, from `begin` to `finish`
        self._size = os.lseek(descriptor, 0, os.SEEK_END)

    def begin(self) -> None:
        """Make the disk nobody's: all of it is given up where it can be, its beginning and its end are zeroed."""
        if self._is_disk:
            # Whoever can forget everything at once does; most card readers cannot.
            with contextlib.suppress(OSError):
                fcntl.ioctl(
                    self._descriptor, _BLKDISCARD, struct.pack("=QQ", 0, self._size)
                )  # from, how many
        self._head = bytearray(HEAD)
        self._write(0, bytes(HEAD))
        # The second copy of a former partition table.
        self._write(max(HEAD, self._size - HEAD), bytes(min(HEAD, max(0, self._size - HEAD))))

    def write(self, offset: int, content: bytes) -> None:
        """Write, the first MiB into memory until `finish`."""
        early = content[: max(0, HEAD - offset)] if self._head is not None else b""
        if self._head is not None:
            self._head[offset : offset + len(early)] = early
        self._write(offset + len(early), content[len(early) :])

    def read(self, offset: int, count: int) -> bytes:
        """Read what is there, of the first MiB what will be there; fewer bytes come only at the end."""
        parts = []
        if self._head is not None and offset < HEAD:
            parts.append(bytes(self._head[offset : offset + count]))
            offset, count = offset + len(parts[0]), count - len(parts[0])
        while count:
            try:
                part = os.pread(self._descriptor, count, offset)
            except OSError as reason:
                raise _broken(self.path, "read", offset, reason) from reason
            if not part:
                break
            parts.append(part)
            offset, count = offset + len(part), count - len(part)
        return b"".join(parts)

    def settle(self) -> None:
        """Wait until everything is on the medium, and forget what memory holds of it, so that reading asks the medium."""
        try:
            os.fsync(self._descriptor)
        except OSError as reason:
            raise _broken(self.path, "written", None, reason) from reason
        if self._is_disk:
            with contextlib.suppress(OSError):  # root alone may; the next line does most of it for others
                fcntl.ioctl(self._descriptor, _BLKFLSBUF)
        os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def finish(self) -> None:
        """Write the first MiB.

        Raises:
            Refused: It does not read as it was written.
        """
        head, self._head = bytes(self._head or b""), None
        self._write(0, head)
        self.settle()
        if self.read(0, len(head)) != head:
            raise Refused(
                "card-differs", f"The first MiB of {self.path} does not read as it was written.", _ADVICE
            )

    def _write(self, offset: int, content: bytes) -> None:
        view = memoryview(content)
        while view:
            try:
                count = os.pwrite(self._descriptor, view, offset)
            except OSError as reason:
                raise _broken(self.path, "written", offset, reason) from reason
            offset, view = offset + count, view[count:]


@contextlib.contextmanager
def open_target(path: Path, *, writing: bool) -> Iterator[Target]:
    """Open a disk or a file: for reading, or for writing and nobody else with it.

    Raises:
        Refused: It is in use, or may not be opened.
    """
    is_disk = stat.S_ISBLK(path.stat().st_mode)
    access = os.O_RDWR | (os.O_EXCL if is_disk else 0) if writing else os.O_RDONLY
    try:
        descriptor = os.open(
            path, access | os.O_CLOEXEC
        )  # O_EXCL fails while any of a disk is mounted (open(2))
    except OSError as reason:
        if reason.errno == errno.EBUSY:
            raise _in_use(path) from reason
        if reason.errno in (errno.EACCES, errno.EPERM):
            raise Refused(
                "target-forbidden",
                f"You may not {'write on' if writing else 'read'} {path}.",
                "Run the command with sudo, or join the group that may: sudo usermod -aG disk $USER (then log in anew).",
            ) from reason
        raise
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if writing else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as reason:
            raise _in_use(path) from reason
        yield Target(path, descriptor, is_disk)
    finally:
        os.close(descriptor)


def _in_use(path: Path) -> Refused:
    return Refused(
        "target-in-use", f"{path} is in use by another program.", "Unmount it, or end that program."
    )


def _broken(path: Path, done: str, offset: int | None, reason: OSError) -> Refused:
    where = "" if offset is None else f" at byte {offset}"
    return Refused("card-broken", f"{path} cannot be {done}{where}: {reason.strerror}.", _ADVICE)
