"""How much room the card has for events, and what is done while there is yet some.

Rules:
- Delivered events go when the card is nearly full, oldest first and before their time; undelivered ones never.
- A reserve is kept in a file that holds nothing. It is given up when the card is full, so that the events by which the
  card is emptied, and those that say that it was full, can be written.
- The last bit is never used for events: without it the log could not even be opened.
"""

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

log_of_service = logging.getLogger("estu.listen")


@dataclass(frozen=True)
class Thresholds:
    """Bytes free on the card."""

    low: int = 64 * 1024**2  # below this delivered events go early
    least: int = 1024**2  # below this no event is written
    reserve: int = 16 * 1024**2  # kept in a file


class Room:
    """The card under the log."""

    def __init__(
        self,
        log: Path,
        thresholds: Thresholds = Thresholds(),
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """Look at the folder of a log.

        Args:
            log: The log.
            thresholds: When something is done.
            free: Gives the bytes that are free under a folder.
        """
        self._reserve = log.with_name(f"{log.name}-reserve")
        self._thresholds, self._free = thresholds, free

    @property
    def free(self) -> int:
        """Bytes free."""
        return self._free(self._reserve.parent)

    def is_low(self, inside: int) -> bool:
        """Say whether delivered events should go early.

        Args:
            inside: Bytes that the log can take before its file grows.
        """
        return self.free + inside < self._thresholds.low

    def is_none(self, inside: int) -> bool:
        """Say whether no event may be written any more."""
        return self.free + inside < self._thresholds.least

    def keep_reserve(self) -> None:
        """Make the reserve, where it is not there and there is room enough."""
        if self._reserve.exists() or self.free < self._thresholds.low + self._thresholds.reserve:
            return
        try:
            with self._reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._thresholds.reserve)
        except OSError as error:
            self._reserve.unlink(missing_ok=True)
            log_of_service.warning("No room can be kept in reserve: %s.", error.strerror)

    def give_up_reserve(self) -> bool:
        """Free the reserve; say whether there was one."""
        try:
            self._reserve.unlink()
        except OSError:
            return False
        return True
