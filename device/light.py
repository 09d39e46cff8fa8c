"""The light: one LED, one colour, told apart by rhythm alone, so that nobody needs to see colours.

Rules:
1. A light that does not move means nothing good: dark or lit, the box is off or hangs. No state is shown by standing still.
2. What it shows is judged by the words that the services wrote (`condition.py`), never by this thread's being alive: if the
   loop that hears hangs, its word grows old, and the light says so.
3. Nothing flashes faster than three times a second (WCAG 2.2, 2.3.1).
"""

import logging
from collections.abc import Callable
from threading import Event
from typing import Protocol

from device.condition import Light

_log = logging.getLogger("estu.light")

# Seconds lit, dark, lit, ...; each begins lit and ends dark, and is then begun anew.
RHYTHMS: dict[Light, tuple[float, ...]] = {
    Light.STARTING: (0.2, 0.2),
    Light.HEARS_AND_DELIVERED: (4.8, 0.2),
    Light.HEARS_NOT_DELIVERED: (1.5, 1.5),
    Light.DEAF: (0.25, 0.35, 0.25, 2.0),
    Light.MUTED: (0.25, 4.75),
    Light.BROKEN: (0.25, 0.35, 0.25, 0.35, 0.25, 0.35, 0.25, 2.0),
}

# The same in words, for the page, hardware.md and the label.
IN_WORDS: dict[Light, str] = {
    Light.STARTING: "flickers",
    Light.HEARS_AND_DELIVERED: "is lit, and winks every five seconds",
    Light.HEARS_NOT_DELIVERED: "is lit and dark by turns, one and a half seconds each",
    Light.DEAF: "flashes twice, then pauses",
    Light.MUTED: "is dark, and flashes once every five seconds",
    Light.BROKEN: "flashes four times, then pauses",
}


class Lamp(Protocol):
    """Whatever can be lit."""

    def switch(self, lit: bool) -> None:
        """Light it, or let it be dark.

        Raises:
            OSError: It cannot be reached.
        """


def shine(lamp: Lamp, judge: Callable[[], Light], stop: Event) -> None:
    """Show how the box is doing until told to stop; at the end the light is dark.

    A lamp that fails is tried again at each turn, and said once: the box hears without a light too.

    Args:
        lamp: The light.
        judge: Says what to show; asked anew each time a rhythm begins, every five seconds at least.
        stop: Set from outside.
    """
    failed = False
    while not stop.is_set():
        lit = True
        for seconds in RHYTHMS[judge()]:
            try:
                lamp.switch(lit)
                failed = False
            except OSError as error:
                if not failed:
                    _log.warning("The light cannot be switched: %s.", error)
                failed = True
            if stop.wait(seconds):
                break
            lit = not lit
    try:
        lamp.switch(False)
    except OSError:
        _log.info("The light was left as it is.")
