"""A box in its venue: a real log, and `estu sync` at work on it in a thread."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

from device.host.clock import Instant
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.reports import IncidentReport
from device.record.signing_key import SigningKey
from device.sync import state
from device.sync.courier import Pace, run
from device.sync.link import Link, from_url
from device.sync.notices import NoticeBoard
from tests.simulated.signing_box import BEGIN, BOOT

PATIENCE = 90.0  # seconds until it is said that something does not come about; a busy machine takes its time
HASTY = Pace(look=0.02, patience=0.5, stuck=2.0, stable=0.5, first_pause=0.05, longest_pause=0.2)


def wait_until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"It did not come about that {what}."
        time.sleep(0.01)


@dataclass
class Venue:
    """A box; its log stays when `estu sync` stops."""

    folder: Path
    platform: Jwks
    links: list[Link]
    name: str = "kz-ala-0001"
    key: SigningKey = None  # type: ignore[assignment]  # made below, since it needs the name
    pace: Pace = HASTY

    _stop: threading.Event = field(init=False, default_factory=threading.Event)
    _thread: threading.Thread | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Open the log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = self.key or SigningKey.create(self.name)
        self.log = EventLog.open(self.log_path, self.name, self.key)

    @classmethod
    def at(cls, folder: Path, platform: Jwks, url: str, name: str = "kz-ala-0001") -> "Venue":
        """Make a box that reaches its broker without TLS."""
        return cls(folder, platform, [from_url(url, name)], name)

    @property
    def log_path(self) -> Path:
        """Where its log is."""
        return self.folder / "log.sqlite"

    @property
    def state(self) -> state.SyncState | None:
        """What it says about the way to the platform."""
        return state.read(self.folder / "sync.json")

    @property
    def trouble(self) -> str | None:
        """The code of what it says is wrong."""
        said = self.state  # read once: the box rewrites it meanwhile
        return None if said is None or said.trouble is None else said.trouble.code

    @property
    def notices(self) -> NoticeBoard:
        """What the platform has said to it."""
        return NoticeBoard(self.folder / "notices.jws", self.name, self.platform)

    @property
    def receipted(self) -> int:
        """How far the platform has it, as its log says."""
        receipt = self.log.receipt()
        return 0 if receipt is None else receipt.through

    def hear(self, count: int) -> None:
        """Write events."""
        last = self.log.head()
        for number in range(count):
            seconds = (0 if last is None else last.seq) + number + 1.0
            at = Instant(BEGIN + timedelta(seconds=seconds), seconds, BOOT, "synchronised", 12)
            self.log.append(IncidentReport("microphone-lost", "It is gone.", {"number": number}), at)

    def start(self) -> Self:
        """Start `estu sync`."""
        self._stop.clear()
        arguments = (
            self.links,
            self.log_path,
            self.platform,
            self._stop,
            self.folder / "sync.json",
            "0.1.0",
            self.pace,
        )
        self._thread = threading.Thread(
            target=run,
            args=arguments,
            kwargs={"notices": self.notices},
            name=f"sync of {self.name}",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop `estu sync`, as the service manager would."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)
            assert not self._thread.is_alive(), "estu sync did not stop when told to"
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.log.close()

    def wait_for_receipt(self, through: int, seconds: float = PATIENCE) -> None:
        """Wait until the platform has everything up to a number."""
        wait_until(lambda: self.receipted == through, f"{self.name} has a receipt through {through}", seconds)
