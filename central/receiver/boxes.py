"""Whose signatures are believed: the register's export of the boxes' keys, read again when it changes."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from device.errors import Refused
from device.record.keys import Jwks

log_of_service = logging.getLogger("estu.receiver")


@dataclass
class BoxKeys:
    """The boxes' keys in a JWKS file."""

    path: Path
    _keys: Jwks = field(init=False)
    _seen: tuple[int, int, int] = field(init=False)  # inode, size and modification time of the file as read

    def __post_init__(self) -> None:
        """Read the file.

        Raises:
            Refused: It cannot be read, or is no set of keys.
        """
        self._seen = self._look()
        self._keys = Jwks.load(self.path)

    def current(self) -> Jwks:
        """Give the keys as the file has them now; if it cannot be used, as they were."""
        try:
            seen = self._look()
            if seen != self._seen:
                self._seen = seen
                self._keys = Jwks.load(self.path)
                log_of_service.info("%s was read again: %d keys.", self.path, len(self._keys.by_kid))
        except Refused as refused:
            log_of_service.warning("%s The keys stay as they were.", refused)
        return self._keys

    def _look(self) -> tuple[int, int, int]:
        try:
            found = self.path.stat()
        except OSError as error:
            raise Refused(
                "key-unreadable",
                f"{self.path} cannot be read: {error.strerror}.",
                "Export the keys from the register again.",
            ) from error
        return found.st_ino, found.st_size, found.st_mtime_ns
