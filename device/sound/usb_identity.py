"""USB microphones by what they are, as the kernel tells it: vendor, product, serial and where they are plugged in.

A card's number changes with the order in which things are plugged in, and PortAudio's index with everything; these do
not. All is read from files, so no sound system has to be awake, and a look costs a millisecond.

Source: Linux, Documentation/sound/designs/procfile.rst (`/proc/asound`) and Documentation/ABI/testing/sysfs-bus-usb.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import Waiting
from device.sound.devices import Found, InputDevice, missing, of_card

ROOT = Path("/")

_CARD = re.compile(r"card(\d+)")
_LONGEST = 120  # bytes of a file that are read; names are longer in no catalogue of USB devices


@dataclass(frozen=True)
class UsbMicrophone:
    """A USB sound card that can hear, plugged in now."""

    card: int  # ALSA's number, until it is plugged in the next time
    name: str  # as it calls itself
    vendor: str  # four hex digits
    product: str  # four hex digits
    serial: str | None  # cheap ones have none, or all the same
    port: str | None  # bus and ports on the way to it, such as 1-1.2: the same socket has the same port

    def __str__(self) -> str:
        """Give the line that helps choose it."""
        serial = f", serial {self.serial}" if self.serial else ""
        port = f", port {self.port}" if self.port else ""
        return f"{self.name} (usb {self.vendor}:{self.product}{serial}{port})"

    @property
    def identity(self) -> dict[str, str]:
        """What tells it from others."""
        known = {"vendor": self.vendor, "product": self.product, "serial": self.serial, "port": self.port}
        return {name: value for name, value in known.items() if value}


def microphones(root: Path = ROOT) -> list[UsbMicrophone]:
    """Give the USB sound cards that can hear, in the order of their numbers.

    Args:
        root: Where `proc` and `sys` are.
    """
    try:
        folders = list((root / "proc/asound").iterdir())
    except OSError:  # a machine without any sound
        return []
    cards = [(int(match[1]), folder) for folder in folders if (match := _CARD.fullmatch(folder.name))]
    found = [_microphone(root, card, folder) for card, folder in sorted(cards)]
    return [each for each in found if each is not None]


def user_of(card: int, root: Path = ROOT) -> int | None:
    """Give the process that hears through a card now, None if none does."""
    for status in (root / f"proc/asound/card{card}").glob("pcm*c/sub*/status"):
        if owner := re.search(r"^owner_pid\s*:\s*(\d+)", _text(status) or "", re.MULTILINE):
            return int(owner[1])
    return None


@dataclass(frozen=True)
class Usb:
    """A USB microphone by as much of its identity as is given; by nothing at all, the only one there is."""

    usb: str | None = None  # vendor and product, such as 0d8c:0014
    serial: str | None = None
    port: str | None = None
    root: Path = ROOT

    def find(self) -> Found:
        """Look for it.

        Raises:
            Waiting: It is not there (`microphone-missing`), or several are like it (`microphone-ambiguous`).
        """
        there = microphones(self.root)
        fits = [each for each in there if self._fits(each)]
        if len(fits) > 1:
            raise Waiting(
                "microphone-ambiguous",
                f"Several microphones could be meant: {'; '.join(map(str, fits))}.",
                "Name one by its port or serial under [microphone] in the settings, or unplug the others.",
            )
        if not fits:
            raise missing(f"There is no {self}.", there)
        (only,) = fits
        return Found(str(only), only.card, only.identity)

    def free(self, found: Found) -> None:
        """See that no other program has it.

        Raises:
            Waiting: One has (`microphone-busy`).
        """
        if found.card is None or (user := user_of(found.card, self.root)) is None:
            return
        # What this process itself did not let go of will never be free: opening it fails, and that is not waited for for ever.
        if not (self.root / "proc" / "self" / "task" / str(user)).exists():
            message = f"The microphone {found.name} is used by another program, process {user}."
            raise Waiting("microphone-busy", message, "End that program.")

    def among(self, devices: Sequence[InputDevice], found: Found | None, default: int) -> InputDevice:
        """Choose the hardware of the card that was found."""
        del default
        found = found or self.find()
        assert found.card is not None  # noqa: S101 - `find` knows it
        return of_card(devices, found.card)

    def __str__(self) -> str:
        """Say what is wanted."""
        with_serial = f" with serial {self.serial}" if self.serial else ""
        at_port = f" at port {self.port}" if self.port else ""
        return f"USB microphone{f' {self.usb}' if self.usb else ''}{with_serial}{at_port}"

    def _fits(self, found: UsbMicrophone) -> bool:
        return (
            self.usb in {None, f"{found.vendor}:{found.product}"}
            and self.serial in {None, found.serial}
            and self.port in {None, found.port}
        )


def _microphone(root: Path, card: int, folder: Path) -> UsbMicrophone | None:
    """Read what the kernel tells of a card; None if it is no USB one, cannot hear, or goes away meanwhile."""
    usbid = re.fullmatch(r"([0-9a-f]{4}):([0-9a-f]{4})", _text(folder / "usbid") or "")
    if usbid is None or not any(folder.glob("pcm*c")):
        return None
    device = _usb_device((root / f"sys/class/sound/card{card}/device").resolve(), root)
    name = (device and _text(device / "product")) or _text(folder / "id") or f"card {card}"
    return UsbMicrophone(
        card=card,
        name=name,
        vendor=usbid[1],
        product=usbid[2],
        serial=_text(device / "serial") if device else None,
        port=device.name if device else None,
    )


def _usb_device(interface: Path, root: Path) -> Path | None:
    """Give the folder of the USB device that an interface belongs to."""
    for folder in (interface, *interface.parents):
        if folder == root.resolve():
            break
        if (folder / "idVendor").is_file():
            return folder
    return None


def _text(path: Path) -> str | None:
    """Read a short file of the kernel; None if it is not there, or went away, or holds nothing to be shown."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return None
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n").strip() or None
