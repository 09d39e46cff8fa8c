"""All lines of a season, in a thread of their own."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Self

from tests.chaos.line import Line
from tests.chaos.plan import Fault, Kind


class Lines:
    """Runs lines until it is left."""

    def __init__(self, lines: Sequence[Line]) -> None:
        """Take the lines over."""
        self._lines = {line.name: line for line in lines}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lines", daemon=True)

    def __enter__(self) -> Self:
        """Open them all."""
        self._thread.start()
        for line in self._lines.values():
            asyncio.run_coroutine_threadsafe(line.open(), self._loop).result(60)
        return self

    def __exit__(self, *_: object) -> None:
        """Cut them all."""
        for line in self._lines.values():
            asyncio.run_coroutine_threadsafe(line.close(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def __getitem__(self, name: str) -> Line:
        """Give somebody's line."""
        return self._lines[name]

    def strike(self, fault: Fault) -> None:
        """Let a fault befall its line."""
        self._loop.call_soon_threadsafe(self._lines[fault.target].strike, fault)

    def heal(self) -> None:
        """Make all of them good again."""
        for line in self._lines.values():
            self._loop.call_soon_threadsafe(line.heal)

    @property
    def happened(self) -> Counter[Kind]:
        """What has happened so far, by kind."""
        return sum((line.happened for line in self._lines.values()), Counter())

    @property
    def altered(self) -> frozenset[str]:
        """The hashes of all payloads that were altered."""
        return frozenset().union(*(line.doom.altered for line in self._lines.values()))
