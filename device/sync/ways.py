"""Which way to the broker is tried next, without a network or a clock.

Rules:
- The first way is the preferred one; what fails is followed by the next, in turn.
- A connection that stood for a while and broke is looked for on the first way again.
- A box that stands on another way goes home after some time, when nothing is under way: a firewall may have been
  opened, and nobody tells the box.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from device.sync.link import Link


@dataclass
class Ways:
    """The ways to the broker; times are monotonic seconds handed in."""

    links: Sequence[Link]
    home: float = 3_600.0  # seconds on another way before the first is tried again

    _at: int = field(init=False, default=0)
    _stands_since: float | None = field(init=False, default=None)

    @property
    def link(self) -> Link:
        """The way to try, or to go on with."""
        return self.links[self._at]

    def failed(self) -> None:
        """Note that the connection did not come about, or broke."""
        self._at = 0 if self._stands_since is not None else (self._at + 1) % len(self.links)
        self._stands_since = None

    def stands(self, now: float) -> None:
        """Note that the connection has lasted for a while."""
        if self._stands_since is None:
            self._stands_since = now

    def should_go_home(self, now: float) -> bool:
        """Say whether it is time to try the first way again."""
        return self._at != 0 and self._stands_since is not None and now - self._stands_since >= self.home

    def go_home(self) -> None:
        """Try the first way next."""
        self._at, self._stands_since = 0, None
