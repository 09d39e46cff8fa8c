"""The front of the box: its light and its button, each in a thread of its own beside the loop that hears.

They live in `estu listen` because only who hears may say that it hears. Neither can keep the box from hearing: a light that
is missing is said once and gone without.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from device import mute
from device.condition import Light
from device.errors import EstuError
from device.host import lamp
from device.light import Lamp, shine
from device.present import present
from device.settings import LightSettings, Settings

_log = logging.getLogger("estu.light")

_ENDS_WITHIN = 3.0  # seconds


@contextmanager
def front(chosen: Settings) -> Iterator[None]:
    """Let the light show how the box is doing, and the button mute it, while the context lasts."""
    stop = Event()
    threads = []
    try:
        if (light := _lamp(chosen.light)) is not None:
            threads.append(
                threading.Thread(target=_shine, args=(light, chosen, stop), name="light", daemon=True)
            )
        if (button := _button(chosen.light)) is not None:
            threads.append(
                threading.Thread(target=_obey, args=(button, chosen.muted, stop), name="button", daemon=True)
            )
    except EstuError as error:
        _log.warning("%s The box hears without it.", error)
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(_ENDS_WITHIN)


def toggle(muted: Path, now: datetime) -> None:
    """Mute the box, or let it hear again.

    Args:
        muted: The file whose presence mutes.
        now: UTC.
    """
    try:
        if mute.read(muted) is None:
            mute.set_mute(muted, "button", now)
        else:
            mute.clear(muted)
    except OSError as error:
        _log.warning("The button is pressed, but %s cannot be changed: %s.", muted, error.strerror)


def _lamp(light: LightSettings) -> Lamp | None:
    if light.led:
        return lamp.KernelLed(light.led)
    if light.pin is not None:
        return lamp.PinLed(light.chip, light.pin, lamp.library())
    return None


def _button(light: LightSettings) -> lamp.Button | None:
    return None if light.button is None else lamp.Button(light.chip, light.button, lamp.library())


def _shine(light: Lamp, chosen: Settings, stop: Event) -> None:
    def judge() -> Light:
        return present(chosen).light

    shine(light, judge, stop)


def _obey(button: lamp.Button, muted: Path, stop: Event) -> None:
    try:
        button.wait(lambda: toggle(muted, datetime.now(UTC)), stop)
    except OSError as error:
        _log.warning("The button cannot be heard any more: %s.", error)
