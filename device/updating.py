"""Who looks after updates in `estu sync`, put together; nothing of it is loaded where the settings name no place for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from threading import Event

from device.host.clock import SystemClock
from device.settings import Settings

_FIRST = 30.0  # seconds until the first look, at most


@contextmanager
def updating(chosen: Settings, floor: datetime, stop: Event) -> Iterator[None]:
    """Look after updates while the context lasts, in a thread of their own.

    Args:
        chosen: The settings.
        floor: UTC, the latest moment that has surely passed: what counts while nobody has set the clock.
        stop: Set from outside, when the service ends.

    Raises:
        Refused: The settings name no place that updates may come from.
    """
    wanted = chosen.updates
    if not wanted.url:
        yield
        return
    from device.sync.link import Tls
    from device.sync.updates import site
    from device.sync.updates.look import Order
    from device.sync.updates.watch import Rhythm, Watch, watching

    order = Order(
        site=site.from_url(wanted.url, Tls(wanted.ca, wanted.certificate, wanted.key, floor)),
        root=wanted.root,
        folder=chosen.updates_folder,
        catalogue=chosen.paths.catalogue,
        software=version("estu"),
    )
    rhythm = Rhythm(every=float(wanted.every), first=min(_FIRST, wanted.every / 2))
    with watching(Watch(order, SystemClock(floor), chosen.update_state, stop, rhythm)):
        yield
