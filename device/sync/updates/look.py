"""One look at the repository: what is published is taken, each thing for itself, and what went wrong is told."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TypeVar

from device.errors import EstuError
from device.host.clock import Clock
from device.sync.updates import system
from device.sync.updates.catalogue import INCOMING, CatalogueUpdate, Facts
from device.sync.updates.download import Downloads
from device.sync.updates.fetcher import Fetcher
from device.sync.updates.models import Models
from device.sync.updates.site import Site
from device.sync.updates.trust import Trust

Found = TypeVar("Found")

METADATA, MODELS = "metadata", "model"


@dataclass(frozen=True)
class Order:
    """What is looked at, and where what is found goes."""

    site: Site
    root: Path  # the root that came with the card
    folder: Path  # of updates: what was seen, models, systems
    catalogue: Path  # its folder
    software: str  # version, for the server


@dataclass(frozen=True)
class Look:
    """What came of a look."""

    vouched: bool  # what is published is vouched for, whatever came of taking it
    catalogue: Facts | None  # the one that is here; None: unknown
    system: str | None  # the version that was laid ready last
    troubles: tuple[EstuError, ...]  # the most important first


def look(order: Order, clock: Clock, stop: Event, arrived: Callable[[int], None]) -> Look:
    """Look once.

    Args:
        order: What is looked at.
        clock: The box's own, whose floor counts where nobody has set it.
        stop: Set from outside, when the service ends.
        arrived: Told how many bytes have come.
    """
    troubles: list[EstuError] = []

    def told(take: Callable[[], Found]) -> Found | None:
        try:
            return take()
        except EstuError as error:
            troubles.append(error)
            return None

    fetcher = None
    try:
        now = clock.now()
        fetcher = Fetcher(order.site, order.site.context(now), stop, f"estu/{order.software}")
        trust = Trust(order.root, order.folder / METADATA, order.site, fetcher, now.utc)
        trust.refresh()
        beside = Downloads(order.folder / INCOMING, order.site, fetcher, arrived)
        models = Models(order.folder / MODELS, beside)
        within = Downloads(order.catalogue / INCOMING, order.site, fetcher, arrived)
        facts = told(lambda: CatalogueUpdate(order.catalogue, within, models).take(trust))
        laid = told(lambda: system.take(trust, order.folder, beside))
    except EstuError as error:
        return Look(False, None, None, (error,))
    finally:
        if fetcher is not None:
            fetcher.close()
    return Look(True, facts, laid, tuple(troubles))
