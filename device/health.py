"""Whether a box that has just started does what it is for: it hears, and the platform has receipted what it wrote since then.

An update is kept or left by this, so it is proven by what arrived and not by processes that run: sound at the listener, and at the
platform an event that this start has signed.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from device import hearing
from device.condition import HEARING_GROWS_OLD
from device.errors import Waiting
from device.hearing import Hearing
from device.record.log_reader import LogReader
from device.record.reports import BootReport
from device.settings import Settings

_LOOKS_EVERY = 2.0  # seconds


def missing(chosen: Settings, boot: str, up: float) -> str | None:
    """Say in a sentence what is missing yet, or None if the box hears and is receipted.

    Args:
        chosen: The box's settings.
        boot: The identity of this start, as the kernel gives it.
        up: Seconds since the machine started.

    Raises:
        Broken: The log is not one.
    """
    try:
        with LogReader.read(chosen.paths.log) as log:
            begun, receipt = log.latest(BootReport, 1), log.receipt()
    except Waiting:
        return "There is no log yet."
    if not begun or begun[0].event.stamp.boot != boot:
        return "Nothing was signed since this start."
    if receipt is None or receipt.through < begun[0].seq:
        return "The platform has receipted nothing that was signed since this start."
    return _not_heard(hearing.read(chosen.hearing), up)


def wait(
    chosen: Settings,
    boot: str,
    within: float,
    running: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Wait until the box hears and is receipted.

    Args:
        chosen: The box's settings.
        boot: As in `missing`.
        within: Seconds to wait at most.
        running: Says how many seconds ago the machine started.
        sleep: Waits so many seconds.

    Returns:
        None once it does; what was missing in the end otherwise.

    Raises:
        Broken: As in `missing`.
    """
    until = running() + within
    while (found := missing(chosen, boot, running())) is not None:
        if running() >= until:
            return found
        sleep(_LOOKS_EVERY)
    return None


def _not_heard(heard: Hearing | None, up: float) -> str | None:
    if heard is None or heard.monotonic is None:
        return "The listener has not said yet what it hears."
    if timedelta(seconds=up - heard.monotonic) > HEARING_GROWS_OLD:
        return "The listener has not said for a while what it hears."
    if heard.state not in ("hearing", "silent"):
        return f"No sound arrives at the listener: {heard.state}."
    return None
