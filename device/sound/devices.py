"""The devices that PortAudio hears through, and which of them is meant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from device.errors import Waiting

SYSTEM = "default"  # asks for what the system calls its default input, whatever its name

# PortAudio calls ALSA's hardware devices "NAME: PCM (hw:CARD,DEVICE)" (pa_linux_alsa.c, BuildDeviceList).
_HARDWARE = re.compile(r"\(hw:(\d+),(\d+)\)$")


@dataclass(frozen=True)
class InputDevice:
    """A device that PortAudio can hear through."""

    index: int  # PortAudio's, until the next device is plugged in or out
    name: str
    channels: int
    rate: int  # Hz, its own

    @property
    def card(self) -> int | None:
        """ALSA's number of the card whose hardware this is; None for what is not hardware."""
        found = _HARDWARE.search(self.name)
        return int(found[1]) if found else None

    def __str__(self) -> str:
        """Give the line that helps choose it."""
        return f"{self.index}: {self.name} ({self.rate} Hz)"


@dataclass(frozen=True)
class Found:
    """A microphone that is there, before PortAudio was asked."""

    name: str  # in words
    card: int | None  # ALSA's number, where it is known
    identity: dict[str, str]  # what tells it from others: vendor, product, serial, port


class Wanted(Protocol):
    """Which microphone is meant."""

    def find(self) -> Found | None:
        """Look for it without PortAudio, which takes a second; None where only PortAudio can tell.

        Raises:
            Waiting: It is not there.
        """

    def free(self, found: Found) -> None:
        """See that no other program has it.

        Raises:
            Waiting: One has.
        """

    def among(self, devices: Sequence[InputDevice], found: Found | None, default: int) -> InputDevice:
        """Choose it from PortAudio's devices.

        Args:
            devices: All that hear.
            found: What `find` gave.
            default: Index of the system's default input.

        Raises:
            Waiting: It is not among them.
        """


@dataclass(frozen=True)
class Named:
    """A device by its index, its name or a part of its name, in any case of letters."""

    name: str  # a whole name goes before a part; `SYSTEM` asks for the default

    def find(self) -> Found | None:
        """Say nothing: only PortAudio knows names."""
        return None

    def free(self, found: Found) -> None:
        """Say nothing."""

    def among(self, devices: Sequence[InputDevice], found: Found | None, default: int) -> InputDevice:
        """Choose the first of those that are called so.

        Raises:
            Waiting: There is none; the message names what there is.
        """
        del found
        if self.name == SYSTEM and (meant := [each for each in devices if each.index == default]):
            return meant[0]
        if self.name.isdecimal():
            fits = [each for each in devices if each.index == int(self.name)]
        else:
            name = self.name.casefold()
            fits = [each for each in devices if each.name.casefold() == name]
            fits = fits or [each for each in devices if name in each.name.casefold()]
        if not fits and self.name == SYSTEM:
            fits = list(devices)
        if fits:
            return fits[0]
        raise missing(f"There is no microphone {self.name!r}.", devices)


def of_card(devices: Sequence[InputDevice], card: int) -> InputDevice:
    """Choose the hardware of a card; its first device where it has several.

    Raises:
        Waiting: PortAudio does not list it, though the kernel does: it is being plugged in or out, or is not
            readable for this user.
    """
    for each in devices:
        if each.card == card:
            return each
    raise Waiting(
        "microphone-not-listed",
        f"The sound system does not show card {card}, which the kernel has. It shows: {_listed(devices)}.",
        "Wait; if it lasts, check that this user is in the group audio.",
    )


def missing(sentence: str, devices: Sequence[object]) -> Waiting:
    """Say that what is wanted is not there, and what is."""
    advice = "Plug the microphone in, or correct [microphone] in the settings."
    return Waiting(
        "microphone-missing", f"{sentence} Microphones that are there: {_listed(devices)}.", advice
    )


def _listed(devices: Sequence[object]) -> str:
    return "; ".join(map(str, devices)) or "none at all"
