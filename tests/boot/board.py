"""The unmodified kernel on an emulated Pi 3 with its real device tree, from an emulated card: as far as QEMU's board goes.

It has the Zero 2 W's processor and card controller, and neither its firmware nor its network. What it shows: this kernel and the first
program find the card by the board's own controller, check the data and mount the root, and systemd begins.
"""

import subprocess
import time
from pathlib import Path
from typing import Any

from estu_image import fat, layout

_SIZE = 2 << 30  # bytes; QEMU wants a power of two
_WITHIN = 900.0  # seconds
_STEPS = ("Data was checked", "systemd[1]: systemd ", "Reached target basic.target")


def board(image: Path, work: Path) -> dict[str, Any]:
    """Boot it, and say how far it came.

    Raises:
        AssertionError: Not even systemd began.
    """
    folder = work / "board"
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / "card.img"
    subprocess.run(["cp", "--sparse=always", image, card], check=True)
    with card.open("r+b") as file:
        file.truncate(_SIZE)
    files = fat.read(card, layout.BOOT_A.start)
    for name in ("kernel.img", "initramfs.img", "bcm2837-rpi-3-b.dtb"):
        (folder / name).write_bytes(files[name])
    line = files["cmdline.txt"].decode().strip().replace(" quiet", "")
    words = ["qemu-system-aarch64", "-M", "raspi3b", "-display", "none", "-monitor", "none", "-no-reboot"]
    words += ["-kernel", "kernel.img", "-initrd", "initramfs.img", "-dtb", "bcm2837-rpi-3-b.dtb"]
    # The board's first serial line is the one that QEMU shows; the controller that the card hangs on there polls slowly.
    words += [
        "-append",
        # QEMU's board resets as soon as its watchdog is set, without counting.
        f"{line} console=ttyAMA0,115200 console=ttyS1,115200 systemd.watchdog_sec=off",
        "-serial",
        "file:serial0",
        "-serial",
        "file:serial1",
    ]
    words += ["-drive", "if=sd,file=card.img,format=raw"]
    begun = time.monotonic()
    reached: dict[str, float] = {}
    with subprocess.Popen(
        words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as emulator:
        try:
            while (
                time.monotonic() - begun < _WITHIN and emulator.poll() is None and len(reached) < len(_STEPS)
            ):
                said = "".join(path.read_text(errors="replace") for path in folder.glob("serial?"))
                for step in _STEPS:
                    if step in said:
                        reached.setdefault(step, round(time.monotonic() - begun))
                time.sleep(1)
        finally:
            emulator.kill()
    said = "".join(path.read_text(errors="replace") for path in folder.glob("serial?"))
    assert _STEPS[1] in reached, said[-3000:]
    card.unlink()
    return {"reached after s": reached}
