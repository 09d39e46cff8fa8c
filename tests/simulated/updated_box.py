"""A box as far as updates go: its folders, its clock, and one look at the server after the other."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event

from device.catalogue.catalogue import Catalogue
from device.features import PARAMETERS
from device.host.clock import Clock, Instant
from device.model_set import shipped_digest
from device.sync.link import Tls
from device.sync.updates import site
from device.sync.updates.look import Look, Order, look
from tests.simulated.signing_box import BOOT


@dataclass
class UpdatedBox:
    """A box that is asked to look; where nothing else is said, its clock is the network's."""

    folder: Path
    root: Path  # as it came with the card
    now: datetime
    clock: Clock | None = None  # in place of one that shows `now`
    tls: Tls = field(default_factory=lambda: Tls(None, None, None))
    bytes_come: int = 0

    @property
    def catalogue(self) -> Path:
        """The catalogue's folder."""
        return self.folder / "catalogue"

    @property
    def updates(self) -> Path:
        """The folder of updates."""
        return self.folder / "updates"

    def order(self, url: str) -> Order:
        """Say where to look."""
        return Order(site.from_url(url, self.tls), self.root, self.updates, self.catalogue, "1.0")

    def look(self, url: str) -> Look:
        """Look once."""
        self.folder.mkdir(exist_ok=True)
        return look(self.order(url), self.clock or Shown(self.now), Event(), self._arrived)

    @property
    def recordings(self) -> list[str]:
        """The ids of what the box can recognise, read and verified; none where there is no catalogue."""
        if not (self.catalogue / "catalogue.json").exists():
            return []
        with Catalogue.open(self.catalogue, shipped_digest(), PARAMETERS.digest) as opened:
            opened.verify()
            return [
                opened.recording(number).id
                for number in range(len(opened))
                if number not in opened.withdrawn_numbers
            ]

    @property
    def parts(self) -> set[str]:
        """The parts that lie there."""
        return {part.name for part in (self.catalogue / "parts").iterdir()}

    def _arrived(self, size: int) -> None:
        self.bytes_come += size


@dataclass(frozen=True)
class Shown:
    """A clock that shows one moment."""

    at: datetime

    def now(self) -> Instant:
        return Instant(self.at, 100.0, BOOT, "synchronised", 5)
