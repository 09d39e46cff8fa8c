"""What `estu sync` knows about the way to the platform, in a small file for the page, the light and `estu status`.

How many events wait and when the last receipt came stands in the log itself; here is only what the log cannot know.
The file is rewritten when something changes, and once a minute as a sign of life.
"""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from device.host import atomic_file, service
from device.moment import Utc
from device.trouble import Trouble

log_of_service = logging.getLogger("estu.sync")

_SIGN_OF_LIFE = 60.0  # seconds
_STEP = 5.0  # seconds by which a clock is set, from which on the times in the file mislead
_LARGEST = 16_384  # bytes


class SyncState(msgspec.Struct, frozen=True):
    """The way to the platform at one moment."""

    connected: bool  # to the broker; whether the platform has the events is said by receipts alone
    broker: str  # host and port
    since: Utc  # UTC, when `connected` last changed
    trouble: Trouble | None  # what is wrong now
    written: Utc  # UTC; if this is minutes old, `estu sync` does not run
    last_trouble: Trouble | None = None  # what was wrong last, also where all is well again
    troubled: Utc | None = None  # UTC, when that was last so


def read(path: Path) -> SyncState | None:
    """Give the state that was last written, or None if there is none that can be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=SyncState)
    except (OSError, ValueError, RecursionError):
        return None


class StateFile:
    """The file, for its one writer."""

    def __init__(self, path: Path) -> None:
        """Begin to write; what stands there is replaced at the first report."""
        self._path = path
        self._last: SyncState | None = None
        self._written = self._since = 0.0  # monotonic seconds

    def report(
        self, connected: bool, broker: str, trouble: Trouble | None, now: datetime, monotonic: float
    ) -> None:
        """Write the state, if it is news or a minute has passed.

        Args:
            connected: To the broker.
            broker: Host and port.
            trouble: What is wrong now.
            now: UTC; a clock that is set meanwhile takes `since` along.
            monotonic: Seconds.
        """
        last = self._last
        if last is None or last.connected != connected:
            self._since = monotonic
        if last is not None and (last.connected, last.broker, last.trouble) == (connected, broker, trouble):
            passed = monotonic - self._written
            stepped = abs((now - last.written).total_seconds() - passed) > _STEP
            if passed < _SIGN_OF_LIFE and not stepped:
                return
        since = now - timedelta(seconds=monotonic - self._since)
        before = (None, None) if last is None else (last.last_trouble, last.troubled)
        told = before if trouble is None else (trouble, now)
        state = SyncState(connected, broker, since, trouble, now, *told)
        if last is None or (last.connected, last.trouble) != (connected, trouble):
            service.status(trouble.message if trouble else f"Connected to {broker}.")
        try:
            atomic_file.replace(self._path, msgspec.json.encode(state))
        except OSError as error:
            # A full disk is emptied by carrying on; and a state that grows old says by itself that something is wrong.
            log_of_service.warning("The state cannot be written to %s: %s", self._path, error.strerror)
        self._last, self._written = state, monotonic


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)
