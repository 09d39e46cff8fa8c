"""What the service manager is told, and where the log of the service goes; without systemd neither is anywhere.

The box is started with `Type=notify` and `WatchdogSec=`: it counts as started once `ready` was called, and is started
anew if `alive` is not called for that long. `alive` is called for each block that was worked on, so a microphone or
a library that hangs is a reason to start anew, though the program runs.
"""

import logging
import os
import sys
import time

_log = logging.getLogger("estu.service")

_ALIVE_EVERY = 1.0  # seconds; blocks come more often than the service manager wishes to know


def ready(status: str) -> None:
    """Say that the service has started.

    Args:
        status: What it does now, in a few words, for `systemctl status`.
    """
    _notify(f"READY=1\nSTATUS={status}")


def status(text: str) -> None:
    """Say what the service does now, in a few words, for `systemctl status`."""
    _notify(f"STATUS={text}")


def stopping() -> None:
    """Say that the service is on its way to an orderly end."""
    _notify("STOPPING=1")


class _Watchdog:
    """The service manager's patience, renewed once a second at most."""

    def __init__(self) -> None:
        self._fed = -_ALIVE_EVERY

    def feed(self) -> None:
        """Say that sound, or whatever this service lives on, has arrived and was worked on."""
        now = time.monotonic()
        if now - self._fed >= _ALIVE_EVERY:
            self._fed = now
            _notify("WATCHDOG=1")


alive = _Watchdog().feed


def log_to_journal(name: str, level: int = logging.INFO) -> None:
    """Send the log of this service to the journal if systemd reads it, to standard error otherwise.

    Args:
        name: Under what name, such as `estu-listen`.
        level: The least that is worth writing.
    """
    handler: logging.Handler
    if _journal_reads_stderr():
        from systemd.journal import JournalHandler

        handler = JournalHandler(SYSLOG_IDENTIFIER=name)
        handler.setFormatter(logging.Formatter("%(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(f"{name}: %(levelname)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _journal_reads_stderr() -> bool:
    """Follow systemd.exec(5), $JOURNAL_STREAM: it names the stream's device and inode, children may have another."""
    stream = os.environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    try:
        stderr = os.fstat(sys.stderr.fileno())
        import systemd.journal  # noqa: F401 - only whether it is there
    except (OSError, ValueError, ImportError):
        return False
    return stream == f"{stderr.st_dev}:{stderr.st_ino}"


def _notify(message: str) -> None:
    if "NOTIFY_SOCKET" not in os.environ:
        return
    try:
        from systemd.daemon import notify
    except ImportError:
        _log.warning("systemd waits for word, but systemd-python is not installed.")
        return
    notify(message)
