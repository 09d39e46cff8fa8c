"""The LED itself: a pin of the board (gpiod), or one that the kernel knows (`/sys/class/leds`). Also the button beside it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

from device.errors import Waiting

_BOUNCES = timedelta(milliseconds=20)  # of the button's contacts
_LOOK = timedelta(seconds=0.5)  # how long one wait for the button lasts, so that it can be ended


class KernelLed:
    """An LED of the kernel's, such as `estu` with `dtoverlay=gpio-led,label=estu`, or `ACT`, the board's own."""

    def __init__(self, name: str, leds: Path = Path("/sys/class/leds")) -> None:
        """Take an LED over from whatever the kernel lets it show.

        Args:
            name: A folder's name in `/sys/class/leds`.
            leds: That folder.

        Raises:
            Waiting: There is none of that name, or it belongs to another user.
        """
        self._brightness = leds / name / "brightness"
        try:
            (leds / name / "trigger").write_text("none")
            self._most = (leds / name / "max_brightness").read_text().strip()
        except OSError as error:
            there = ", ".join(sorted(each.name for each in leds.glob("*"))) or "none"
            raise Waiting(
                "light-missing",
                f"The light {name!r} cannot be used: {error.strerror}. Lights that are there: {there}.",
                "Check `[light]` in the settings, and the board's `config.txt`.",
            ) from error

    def switch(self, lit: bool) -> None:
        """Light it, or let it be dark."""
        self._brightness.write_text(self._most if lit else "0")


class PinLed:
    """An LED on a pin of the board. The kernel lets go of the pin when the program ends, however it ends."""

    def __init__(self, chip: Path, pin: int, gpiod: Any) -> None:
        """Take a pin.

        Args:
            chip: Such as `/dev/gpiochip0`.
            pin: Its number on that chip; on a Raspberry Pi the GPIO number, not the place in the header.
            gpiod: The library.

        Raises:
            Waiting: There is no such pin, or somebody else has it.
        """
        self._pin, self._gpiod = pin, gpiod
        settings = gpiod.LineSettings(direction=gpiod.line.Direction.OUTPUT)
        self._lines = _taken(gpiod, chip, pin, settings)

    def switch(self, lit: bool) -> None:
        """Light it, or let it be dark."""
        value = self._gpiod.line.Value
        self._lines.set_value(self._pin, value.ACTIVE if lit else value.INACTIVE)


class Button:
    """A button between a pin and ground; the board's own resistor pulls it up."""

    def __init__(self, chip: Path, pin: int, gpiod: Any) -> None:
        """Take a pin.

        Raises:
            Waiting: There is no such pin, or somebody else has it.
        """
        line = gpiod.line
        settings = gpiod.LineSettings(
            direction=line.Direction.INPUT,
            edge_detection=line.Edge.RISING,
            bias=line.Bias.PULL_UP,
            active_low=True,
            debounce_period=_BOUNCES,
        )
        self._lines = _taken(gpiod, chip, pin, settings)

    def wait(self, pressed: Callable[[], None], stop: Event) -> None:
        """Call something each time the button is pressed, until told to stop.

        Raises:
            OSError: The pin is gone.
        """
        while not stop.is_set():
            if self._lines.wait_edge_events(_LOOK):
                for _ in self._lines.read_edge_events():
                    pressed()


def library() -> Any:
    """Import gpiod, where a pin is wanted.

    Raises:
        Waiting: It is not installed.
    """
    try:
        import gpiod
    except ImportError as error:
        advice = "Install it, or use a light of the kernel's (`led` in `[light]`)."
        raise Waiting("light-no-library", "A light on a pin needs the library gpiod.", advice) from error
    return gpiod


def _taken(gpiod: Any, chip: Path, pin: int, settings: Any) -> Any:
    try:
        return gpiod.request_lines(str(chip), {pin: settings}, consumer="estu")
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise Waiting(
            "pin-missing",
            f"Pin {pin} of {chip} cannot be used: {words}.",
            "Check `[light]` in the settings; `gpioinfo` shows who has which pin.",
        ) from error
