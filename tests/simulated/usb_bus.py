"""A USB bus as Linux shows it: `/proc/asound` and `/sys` of a machine into which sound cards are plugged and out.

The files are those of a Raspberry Pi 4, with what a C-Media 0d8c:0014 and others show in them.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

_CONTROLLER = "sys/devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb1"


@dataclass(frozen=True)
class Plug:
    """A USB sound card that can be plugged in."""

    vendor: str = "0d8c"
    product: str = "0014"
    name: str = "USB PnP Sound Device"
    serial: str | None = None
    hears: bool = True


CHEAP = Plug()
YETI = Plug("b58e", "9e84", "Yeti Stereo Microphone", "REV8")
SPEAKER = Plug("0d8c", "000e", "USB loudspeaker", hears=False)


class UsbBus:
    """The machine's files below a folder."""

    def __init__(self, root: Path) -> None:
        """Begin with the machine's own sound card, which cannot hear."""
        self.root = root
        (root / "proc/asound/card0/pcm0p/sub0").mkdir(parents=True)
        (root / "proc/asound/card0/id").write_text("Headphones\n")
        (root / "proc/asound/cards").write_text(" 0 [Headphones     ]: bcm2835_headphones\n")
        (root / "sys/class/sound").mkdir(parents=True)

    def plug_in(self, plug: Plug = CHEAP, card: int = 1, port: str = "1-1.2") -> None:
        """Plug a card in; ALSA gives it a number."""
        proc = self.root / f"proc/asound/card{card}"
        (proc / "pcm0p/sub0").mkdir(parents=True)
        (proc / "pcm0p/sub0/status").write_text("closed\n")
        (proc / "usbid").write_text(f"{plug.vendor}:{plug.product}\n")
        (proc / "usbbus").write_text("001/004\n")
        (proc / "id").write_text("Device\n")
        if plug.hears:
            (proc / "pcm0c/sub0").mkdir(parents=True)
            (proc / "pcm0c/sub0/status").write_text("closed\n")
        device = self.root / _CONTROLLER / port.split(".", maxsplit=1)[0] / port
        interface = device / f"{port}:1.0/sound/card{card}"
        interface.mkdir(parents=True)
        (interface / "device").symlink_to(device / f"{port}:1.0")
        texts = {"idVendor": plug.vendor, "idProduct": plug.product, "product": plug.name}
        texts |= {"serial": plug.serial} if plug.serial else {}
        for name, text in texts.items():
            (device / name).write_text(f"{text}\n")
        (self.root / f"sys/class/sound/card{card}").symlink_to(interface)

    def unplug(self, card: int = 1) -> None:
        """Pull a card out."""
        link = self.root / f"sys/class/sound/card{card}"
        device = (link / "device").resolve().parent
        link.unlink()
        shutil.rmtree(device)
        shutil.rmtree(self.root / f"proc/asound/card{card}")

    def taken(self, card: int = 1, by: int | None = 4321) -> None:
        """Let another program hear through a card, or end."""
        status = self.root / f"proc/asound/card{card}/pcm0c/sub0/status"
        status.write_text(f"state: RUNNING\nowner_pid   : {by}\ntrigger_time: 1.2\n" if by else "closed\n")
