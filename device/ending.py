"""How the service that listens ended last time, as its next start finds it: a crash is a gap in hearing with a cause.

Two witnesses in the runtime folder, which is memory and so does not outlive the machine: a mark that an orderly end takes
away, and the service manager's own word (`ExecStopPost=` of the unit), which knows of the watchdog. A power cut leaves
neither; the boot event's `off_seconds` tells that.
"""

import logging
from contextlib import suppress
from pathlib import Path

from device.record.reports import IncidentReport

_log = logging.getLogger("estu.listen")

WATCHDOG, CRASH = "watchdog", "crash"

_LONGEST_WORD = 200  # bytes


class Ending:
    """The two witnesses."""

    def __init__(self, runtime: Path) -> None:
        """Look into a runtime folder."""
        self._running = runtime / "listen-running"
        self._ended = runtime / "listen-ended"

    def last(self) -> IncidentReport | None:
        """Say how the last run ended, if not as it should; asked once, before `begin`."""
        mark = self._running.exists()
        return judge(mark, _word(self._ended))

    def begin(self) -> None:
        """Mark that this run has begun; a folder that cannot be written to costs the mark alone."""
        try:
            self._ended.unlink(missing_ok=True)
            self._running.touch()
        except OSError as error:
            _log.warning("How this run ends will not be known: %s.", error)

    def end(self) -> None:
        """Mark that this run ends as it should."""
        with suppress(OSError):
            self._running.unlink(missing_ok=True)


def judge(running: bool, word: str) -> IncidentReport | None:
    """Say how a run ended.

    Args:
        running: Whether its mark was left behind.
        word: The service manager's `$SERVICE_RESULT $EXIT_CODE $EXIT_STATUS` (systemd.exec(5)), such as
            `watchdog dumped ABRT`; empty if it said nothing.
    """
    result, _, how = word.partition(" ")
    detail = {"result": result, "how": how} if word else {}
    if result == "watchdog":
        text = "The service that listens hung, and was started anew by its watchdog."
        return IncidentReport(WATCHDOG, text, detail)
    if result not in {"", "success"}:
        text = f"The service that listens had ended by {word}, and was started anew."
        return IncidentReport(CRASH, text, detail)
    if running and result != "success":
        return IncidentReport(
            CRASH, "The service that listens had ended without a word, and was started anew."
        )
    return None


def _word(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_WORD).decode("ascii", "replace")
    except OSError:
        return ""
    return " ".join("".join(c for c in text if c.isprintable()).split())
