"""Watches a box at work: reads its log again and again, shows it, and notices when a process fails."""

import time
from datetime import datetime
from pathlib import Path

from demo.account import Account, AccountReader
from demo.evening import Programme
from demo.live import Screen, View
from demo.processes import Processes, Running

LOOK = 0.25  # seconds between two looks
RECEIPT_WITHIN = 60.0  # seconds after the last event


class Watch:
    """Follows one box from its first event to the platform's receipt for the last."""

    def __init__(
        self,
        log: Path,
        begins: datetime,
        processes: Processes,
        screen: Screen,
        speed: float = 1.0,
        programme: Programme | None = None,
    ) -> None:
        """Begin to watch.

        Args:
            log: The box's log; it need not be there yet.
            begins: The instant at which the first sample sounds.
            processes: All of them; if one fails, watching ends.
            screen: Shows what is seen.
            speed: Seconds of sound in a second.
            programme: What sounds, if anybody knows.
        """
        self._reader = AccountReader(log, begins)
        self._processes = processes
        self._screen = screen
        self._speed = speed
        self._programme = programme
        self._heard_from: float | None = None

    def until_begun(self, listening: Running) -> None:
        """Watch until the box has written its first event.

        Raises:
            Broken: A process failed.
        """
        while not self._look(listening).head and listening.process.poll() is None:
            time.sleep(LOOK)

    def until_ended(self, listening: Running, minutes: float | None = None) -> None:
        """Watch until the box has heard all, or for so many minutes.

        Raises:
            Broken: A process failed.
        """
        began = time.monotonic()
        while listening.process.poll() is None:
            if minutes is not None and time.monotonic() - began > minutes * 60:
                return
            self._look(listening)
            time.sleep(LOOK)
        self._processes.check(listening)

    def until_receipted(self, ended: Running) -> Account:
        """Watch until the platform has receipted the last event, or far too much time has passed.

        Args:
            ended: The box's listening, which is over.

        Raises:
            Broken: A process failed.
        """
        until = time.monotonic() + RECEIPT_WITHIN
        while (account := self._look(ended)).receipt < account.head and time.monotonic() < until:
            time.sleep(LOOK)
        return account

    def _look(self, listening: Running) -> Account:
        account = self._reader.read()
        self._processes.check(listening)
        self._screen.show(View(self._second(account), account, self._programme, listening.warning))
        return account

    def _second(self, account: Account) -> float:
        """Estimate how much of the evening has sounded: the box begins when it writes its first event."""
        if self._heard_from is None:
            if not account.head:
                return 0.0
            self._heard_from = time.monotonic()
        second = (time.monotonic() - self._heard_from) * self._speed
        return min(second, self._programme.seconds) if self._programme else second
