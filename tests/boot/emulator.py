"""An emulated machine of the image's processor: its kernel, its first program, its command line and its card; a closed network.

It is no Raspberry Pi: disks and network are virtio's, and the Pi's own firmware is emulated by nothing. What the firmware does is done
here: it reads `autoboot.txt` on the card's first partition, takes kernel, initramfs and command line from the slot that it names, and
keeps the wish for one try, which it finds in the kernel's last words.
"""

import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from estu_image import fat, layout

# A USB sound card, which has outputs only: QEMU has none that hears.
USB_SOUND = [
    "-audiodev",
    "none,id=nobody",
    "-device",
    "qemu-xhci,romfile=",
    "-device",
    "usb-audio,audiodev=nobody",
]
PLATFORM = "10.0.2.100"  # as the guest sees it
_BRIDGE = Path(__file__).with_name("bridge.py")
_CONSOLE = "console=ttyAMA0"
_LAST_WORDS = 40  # lines
_SLOTS = {2: layout.BOOT_A, 3: layout.BOOT_B}


@dataclass
class Firmware:
    """What stands in for the Pi's: it chooses the slot and hands over what lies there."""

    card: Path
    try_once: bool = False
    started: list[int] = field(default_factory=list)  # partitions, in order

    def start(self, into: Path) -> str:
        """Take kernel and initramfs of the slot whose turn it is.

        Args:
            into: A folder for both.

        Returns:
            The command line of that slot.
        """
        text = fat.read(self.card, layout.CHOOSE.start)["autoboot.txt"].decode()
        found = [int(number) for number in re.findall(r"^boot_partition=(\d)$", text, re.MULTILINE)]
        partition = found[1] if self.try_once else found[0]
        self.try_once = False
        self.started.append(partition)
        files = fat.read(self.card, _SLOTS[partition].start)
        for name in ("kernel.img", "initramfs.img"):
            (into / name).write_bytes(files[name])
        return files["cmdline.txt"].decode().strip()


@dataclass
class Machine:
    """A machine that can be switched on, and whose plug can be pulled."""

    folder: Path  # for what it says
    card: Path
    doors: Mapping[int, int] = field(
        default_factory=dict
    )  # the platform's ports, each this machine's on loopback
    memory: int = 1024  # MiB
    clock: datetime | None = (
        None  # what the machine's clock says when it is switched on; None: what this one's does
    )
    devices: Sequence[str] = ()  # QEMU's words for what is plugged in besides
    lines: list[str] = field(default_factory=list)
    firmware: Firmware = field(init=False)
    _process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        """Give it its firmware."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.firmware = Firmware(self.card)

    def switch_on(self, more: str = "", drive: str = "") -> None:
        """Let the firmware choose, and start.

        Args:
            more: Added to the command line; what follows ` -- ` goes to the program that `init=` names.
            drive: How the card is attached, in the place of the plain way.
        """
        line = self.firmware.start(self.folder)
        self.lines.clear()
        words = [
            "qemu-system-aarch64",
            "-M",
            "virt",
            "-cpu",
            "cortex-a72",
            "-smp",
            "2",
            "-m",
            str(self.memory),
        ]
        words += [
            "-accel",
            "tcg,thread=multi",
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "stdio",
            "-no-reboot",
        ]
        words += ["-kernel", str(self.folder / "kernel.img"), "-initrd", str(self.folder / "initramfs.img")]
        words += ["-append", f"{line.replace(' quiet', '')} {_CONSOLE} {more}".strip()]
        plain = f"if=none,id=card,file={self.card},format=raw,cache=none"
        words += [*shlex.split(drive or f"-drive {plain}"), "-device", "virtio-blk-pci,drive=card"]
        words += ["-device", "virtio-rng-pci", *self.devices]
        if self.clock:
            words += ["-rtc", f"base={self.clock:%Y-%m-%dT%H:%M:%S}"]
        if not self.doors:
            words += ["-nic", "none"]
        else:
            bridges = (
                f",guestfwd=tcp:{PLATFORM}:{door}-cmd:{sys.executable} {_BRIDGE} {port}"
                for door, port in self.doors.items()
            )
            words += ["-netdev", f"user,id=net,restrict=on{''.join(bridges)}"]
            words += ["-device", "virtio-net-pci,netdev=net,romfile="]
        self._process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        threading.Thread(target=self._follow, args=[self._process], daemon=True).start()

    def _follow(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with (self.folder / "console.log").open("ab") as console:
            for raw in process.stdout:
                console.write(raw)
                console.flush()
                self.lines.append(raw.decode(errors="replace").rstrip())

    def runs(self) -> bool:
        """Say whether it is on."""
        return self._process is not None and self._process.poll() is None

    def wait(self, words: str, seconds: float) -> str:
        """Wait until it says something.

        Returns:
            The line.

        Raises:
            AssertionError: It ended before, or did not say so in time; its last words are in the message.
        """
        until = time.monotonic() + seconds
        seen = 0
        while True:
            runs = self.runs()
            for line in self.lines[seen:]:
                seen += 1
                if words in line:
                    return line
            assert runs, f"the machine ended before it said {words!r}:\n{self.last_words}"
            assert time.monotonic() < until, f"{words!r} was not said in {seconds} s:\n{self.last_words}"
            time.sleep(0.1)

    def wait_off(self, seconds: float) -> None:
        """Wait until it has switched itself off or asked for a restart, and keep the wish to try the other slot.

        Raises:
            AssertionError: It did not in time.
        """
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the machine does not end:\n{self.last_words}") from None
        time.sleep(0.5)  # the console's last lines
        self.firmware.try_once = any("with command '0 tryboot'" in line for line in self.lines)

    def cut_power(self) -> None:
        """Pull the plug."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def last_words(self) -> str:
        """The end of what it said."""
        return "\n".join(self.lines[-_LAST_WORDS:])
