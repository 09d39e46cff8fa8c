"""What the kernel runs first: a shell script that finds the slot's root and checks and mounts the data partition.

Debian's own way (initramfs-tools) would run for minutes under emulation and be ten times as large; this is one script, a busybox,
an e2fsck, and the modules that a card needs.
"""

import gzip
from pathlib import Path

from estu_image.cpio import Archive
from estu_image.kernel import Kernel, module_order, uncompressed

# The card's controllers of the boards, and what these ask for; the emulator's disks; the two file systems.
MODULES = [
    "crc32c_generic",  # asked for by name only, by the library that both file systems use
    "gpio_regulator",
    "fixed",
    "reset_raspberrypi",
    "sdhci_iproc",
    "bcm2835",
    "bcm2835_wdt",
    "sdhci_brcmstb",
    "mmc_block",
    "virtio_pci",
    "virtio_mmio",
    "virtio_blk",
    "lz4_decompress",
    "erofs",
    "ext4",
]


def initramfs(init: Path, busybox: Path, e2fsck: Path, kernel: Kernel) -> bytes:
    """Pack it.

    Args:
        init: The script.
        busybox: The statically linked program.
        e2fsck: Likewise.
        kernel: Whose modules.

    Returns:
        The archive, compressed; the same for the same input.
    """
    archive = Archive()
    for folder in ("bin", "dev", "modules", "proc", "run", "sys", "sysroot"):
        archive.folder(folder)
    archive.console()
    archive.file("bin/busybox", busybox.read_bytes(), 0o755)
    archive.link("bin/sh", "busybox")
    archive.file("bin/e2fsck", e2fsck.read_bytes(), 0o755)
    for number, module in enumerate(module_order(kernel, MODULES)):
        archive.file(f"modules/{number:02d}-{module.name.split('.ko')[0]}.ko", uncompressed(module))
    archive.file("init", init.read_bytes(), 0o755)
    return gzip.compress(archive.packed(), 9, mtime=0)
