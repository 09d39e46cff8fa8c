"""What lies on the boot partitions, and whether it is what a Pi's firmware needs.

| board | first program | then | then |
|---|---|---|---|
| Pi 4 | in its EEPROM | `autoboot.txt` of partition 1 | `start4.elf`, `fixup4.dat` of the slot |
| Zero 2 W, Pi 3 | `bootcode.bin` of partition 1 (boot ROM) | `autoboot.txt` of partition 1 | `start.elf`, `fixup.dat` of the slot |
| Pi 5 | in its EEPROM, as is what comes after | `autoboot.txt` of partition 1 | `config.txt` of the slot |

Source: Raspberry Pi documentation, *Boot sequence*, *EEPROM boot flow*, *config.txt*, *autoboot.txt*.
"""

import re
import struct
from pathlib import Path

from estu_image import layout
from estu_image.kernel import Kernel

KERNEL, INITRAMFS = "kernel.img", "initramfs.img"
_FIRMWARE = ("bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat")
_AUTOBOOT_BYTES = 512  # the firmware reads no more, and a card writes no less at once
_TREE_MAGIC, _IMAGE_MAGIC = b"\xd0\x0d\xfe\xed", b"ARM\x64"
_SLOTS = {"A": (layout.BOOT_A, layout.ROOT_A), "B": (layout.BOOT_B, layout.ROOT_B)}


def autoboot(chosen: str) -> bytes:
    """Write the file by which the firmware chooses: the slot for good, and the other for one try.

    It fills one sector whatever it says, so that a change is one sector written over: old or new, never half.

    Args:
        chosen: `A` or `B`.
    """
    other = "B" if chosen == "A" else "A"
    text = (
        f"[all]\ntryboot_a_b=1\nboot_partition={_SLOTS[chosen][0].number}\n"
        f"[tryboot]\nboot_partition={_SLOTS[other][0].number}\n"
    )
    return text.encode().ljust(_AUTOBOOT_BYTES - 1, b"#") + b"\n"


def command_line(slot: str) -> str:
    """Write what the kernel of a slot is told: which root, and which slot that is."""
    root = _SLOTS[slot][1]
    return (
        f"root=PARTUUID={root.partuuid} rootfstype=erofs ro rauc.slot={slot} "
        "console=tty0 quiet panic=10 net.ifnames=0 systemd.gpt_auto=0\n"
    )


def choose_files(firmware: Path) -> dict[str, bytes]:
    """Give the files of partition 1."""
    return {"autoboot.txt": autoboot("A"), "bootcode.bin": (firmware / "bootcode.bin").read_bytes()}


def slot_files(firmware: Path, config: Path, kernel: Kernel, initramfs: bytes) -> dict[str, bytes]:
    """Give the files of a slot's boot partition; the command line is slot A's, an update writes that of its slot."""
    files = {name: (firmware / name).read_bytes() for name in _FIRMWARE}
    files["config.txt"] = config.read_bytes()
    files["cmdline.txt"] = command_line("A").encode()
    files[KERNEL] = kernel.image.read_bytes()
    files[INITRAMFS] = initramfs
    files.update({name: tree.read_bytes() for name, tree in kernel.trees.items()})
    return files


def faults(choose: dict[str, bytes], slot: dict[str, bytes], letter: str = "A") -> list[str]:
    """Check the files of partition 1 and of one slot against what the firmware needs.

    Args:
        choose: Partition 1's, by name.
        slot: The slot's.
        letter: Which slot it is.

    Returns:
        What is wrong, in sentences; empty if nothing.
    """
    found = [f"Partition 1 has no {name}." for name in ("autoboot.txt", "bootcode.bin") if name not in choose]
    found += _autoboot_faults(choose.get("autoboot.txt", b""))
    for name in (*_FIRMWARE[1:], "config.txt", "cmdline.txt"):
        if not slot.get(name):
            found.append(f"The slot has no {name}.")
    config = slot.get("config.txt", b"").decode("ascii", "replace")
    found += _config_faults(config, slot)
    line = slot.get("cmdline.txt", b"").decode("ascii", "replace")
    if line.count("\n") > 1 or f"root=PARTUUID={_SLOTS[letter][1].partuuid}" not in line.split():
        found.append(f"cmdline.txt is not one line with root=PARTUUID={_SLOTS[letter][1].partuuid}.")
    if f"rauc.slot={letter}" not in line.split():
        found.append(f"cmdline.txt does not say rauc.slot={letter}.")
    for word in ("init=", "systemd.debug", "rd.break", "systemd.set_credential", "systemd.unit="):
        if word in line:
            found.append(f"cmdline.txt says {word}...")
    return found


def _autoboot_faults(content: bytes) -> list[str]:
    found = []
    if len(content) != _AUTOBOOT_BYTES:
        found.append(f"autoboot.txt has {len(content)} bytes, not {_AUTOBOOT_BYTES}.")
    text = content.decode("ascii", "replace")
    partitions = re.findall(r"^boot_partition=(\d+)$", text, re.MULTILINE)
    if sorted(partitions) != [str(layout.BOOT_A.number), str(layout.BOOT_B.number)]:
        found.append(f"autoboot.txt names the partitions {partitions}, not one slot's and the other's.")
    if not re.match(
        r"\[all\]\ntryboot_a_b=1\nboot_partition=\d\n\[tryboot\]\nboot_partition=\d\n#*\n?\Z", text
    ):
        found.append(
            "autoboot.txt has not its form: [all] with tryboot_a_b=1 and a partition, then [tryboot]."
        )
    return found


def _config_faults(config: str, slot: dict[str, bytes]) -> list[str]:
    found = []
    said = dict(re.findall(r"^([a-z0-9_]+)=(.*)$", config, re.MULTILINE))
    if said.get("arm_64bit") != "1":
        found.append("config.txt does not say arm_64bit=1.")
    kernel = said.get("kernel", "")
    if slot.get(kernel, b"")[0x38:0x3C] != _IMAGE_MAGIC:
        found.append(f"config.txt names the kernel {kernel!r}, which is not there or no arm64 Image.")
    loaded = re.findall(r"^initramfs (\S+) followkernel$", config, re.MULTILINE)
    if len(loaded) != 1 or slot.get(loaded[0], b"")[:2] != b"\x1f\x8b":
        found.append(
            f"config.txt names the initramfs {loaded}, which is not there or not compressed by gzip."
        )
    trees = {name: content for name, content in slot.items() if name.endswith(".dtb")}
    needed = ("bcm2711-rpi-4-b.dtb", "bcm2710-rpi-zero-2-w.dtb")
    found += [f"There is no device tree {name}." for name in needed if name not in trees]
    for name, content in trees.items():
        if content[:4] != _TREE_MAGIC or struct.unpack(">I", content[4:8])[0] != len(content):
            found.append(f"{name} is not a whole device tree.")
    return found
