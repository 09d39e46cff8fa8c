"""Looks at the repository again and again, in a thread beside the one that carries events: neither waits for the other."""

import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import msgspec

from device.host.clock import Clock
from device.sync.backoff import Backoff
from device.sync.updates import state
from device.sync.updates.look import Look, Order, look
from device.sync.updates.state import UpdateState
from device.trouble import Trouble

_log = logging.getLogger("estu.sync")

_ENDS_WITHIN = 5.0  # seconds
_TOLD_EVERY = 30.0  # seconds, while something comes


@dataclass(frozen=True)
class Rhythm:
    """How often is looked."""

    every: float = 3600.0  # seconds
    spread: float = 0.1  # of that, so that not all boxes come in one second
    first: float = (
        30.0  # seconds until the first look, at most: after a power cut a town's boxes start together
    )
    first_pause: float = 60.0  # seconds, the longest first pause after a failure
    longest_pause: float = 3600.0  # seconds


@dataclass
class Watch:
    """The thread's work."""

    order: Order
    clock: Clock
    path: Path  # of the state
    stop: Event
    rhythm: Rhythm = Rhythm()

    _state: UpdateState = field(init=False)
    _told: float = field(init=False, default=0.0)  # monotonic seconds
    _said: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """Go on from what was known."""
        server, now = str(self.order.site), self.clock.now().utc
        known = state.read(self.path)
        if known is None or known.server != server:
            known = UpdateState(server, now)
        self._state = msgspec.structs.replace(known, taken=None)

    def run(self) -> None:
        """Look until told to stop."""
        backoff = Backoff(self.rhythm.first_pause, self.rhythm.longest_pause)
        pause = self.rhythm.first * random.random()  # noqa: S311 - spreads boxes over time, guards nothing
        while not self.stop.wait(pause):
            found = look(self.order, self.clock, self.stop, self._arrived)
            if self.stop.is_set():
                return
            self._tell(found)
            chance = random.random()  # noqa: S311
            if found.troubles:
                pause = min(backoff.failed(chance), self.rhythm.every)
            else:
                backoff.succeeded()
                pause = self.rhythm.every * (1.0 + self.rhythm.spread * (2.0 * chance - 1.0))

    def _arrived(self, size: int) -> None:
        """Tell now and then how much has come."""
        self._state = msgspec.structs.replace(self._state, taken=(self._state.taken or 0) + size)
        now = time.monotonic()
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            self._write()

    def _tell(self, found: Look) -> None:
        last = self._state
        trouble = Trouble.of(found.troubles[0]) if found.troubles else None
        self._state = msgspec.structs.replace(
            last,
            checked=self.clock.now().utc if found.vouched else last.checked,
            catalogue=found.catalogue.version if found.catalogue else last.catalogue,
            created=found.catalogue.created if found.catalogue else last.created,
            system=found.system or last.system,
            taken=None,
            trouble=trouble,
        )
        self._write()
        for error in found.troubles:
            if error.code not in self._said:
                _log.warning("%s", error)
        self._said = tuple(error.code for error in found.troubles)
        if found.catalogue and found.catalogue.version != last.catalogue:
            _log.info("Catalogue %d of %s is here.", found.catalogue.version, found.catalogue.created)
        if found.system and found.system != last.system:
            _log.info("System %s is laid ready.", found.system)

    def _write(self) -> None:
        self._state = msgspec.structs.replace(self._state, written=self.clock.now().utc)
        state.write(self.path, self._state)


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Look at the repository while the context lasts."""
    thread = threading.Thread(target=watch.run, name="updates", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.stop.set()
        thread.join(_ENDS_WITHIN)
