"""The image from its inputs: each step makes files in one folder, and none reads what another has not finished.

inputs (packages, wheels, kernel) -> tree of the root -> scan, trial -> erofs \
                                     kernel, firmware -> boot files -> FAT -> the card
                                                         data: empty ext4 /
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from device.errors import Broken, Refused
from estu_image import boot_files, disk, fat, layout, manifest, root, scan, tree, tried, wheels
from estu_image.initramfs import initramfs
from estu_image.kernel import Kernel, unpack
from estu_image.program import run
from estu_image.root import Recipe
from estu_image.sources import Apt
from estu_image.tree import Version

SOURCE = Path(__file__).parents[1]
REPOSITORY = SOURCE.parent
_KERNEL = ("linux-image-arm64", "linux-image-")
_FIRMWARE = ("raspi-firmware", "firmware-brcm80211")
_INITRAMFS = ("busybox-static", "e2fsck-static")


@dataclass(frozen=True)
class Order:
    """What is to be built."""

    version: str
    date: int  # seconds since 1970, of the commit
    uv: Path
    updates: Path  # certificates whose bundles the image will install (PEM)
    kernel: tuple[Path, ...] = ()  # packages in the place of Debian's kernel
    fresh: bool = False  # Debian's part anew

    @property
    def name(self) -> str:
        """Of the image's files."""
        return f"estu-{self.version}-arm64"


def cache() -> Path:
    """Say where what is slow to make is kept."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "estu" / "image"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def commit_date() -> int:
    """Give the date of what is checked out, in seconds since 1970: the date of everything in the image."""
    return int(run(["git", "-C", REPOSITORY, "log", "-1", "--format=%ct"]))


def build(order: Order, out: Path) -> Path:
    """Build the image.

    Args:
        order: What.
        out: The folder for its files.

    Returns:
        The card's image. Beside it lie `root.erofs`, `boot-a.vfat` and `boot/` (what the card is put together from, and an update), the
        list of packages, the bill of materials and the digests.

    Raises:
        Broken: A step failed.
        Refused: An input, or what came out, is not as it must be; the sentences say what.
    """
    out.mkdir(parents=True, exist_ok=True)
    apt = Apt(cache() / "apt")
    debs = _inputs(order, apt)
    _say("unpacking kernel and firmware")
    kernel, firmware, statics = _unpacked(debs, out / "unpacked")
    _say("Debian's part of the root (minutes, if it is not in the cache)")
    recipe = Recipe(SOURCE / "recipe", cache())
    debian = root.cached(recipe, apt, order.date, order.fresh)
    _say("Python's packages")
    packages = wheels.cached(order.uv, REPOSITORY, cache())
    wheel = wheels.build(order.uv, REPOSITORY, out / "wheel")
    _say("the root's tree")
    folder = out / "root"
    root.emulate()
    version = Version(order.version, order.date)
    tree.begin(debian, folder, order.date)
    for package in _FIRMWARE:
        tree.add_firmware(firmware[package], folder)
    tree.add_modules(kernel, folder)
    tree.add_ours(SOURCE / "overlay", SOURCE / "units", folder)
    shutil.copyfile(order.updates, folder / "usr/lib/estu/updates.pem")
    tree.say_version(folder, version)
    wheels.install(packages, wheel, folder, order.date)
    tree.finish(folder, version)
    _refuse("image-scan", scan.faults(folder))
    _say("what the root's own programs say of it")
    _refuse("image-tried", tried.faults(folder))
    _say("packing")
    found = manifest.components(folder, folder / wheels.PLACE, debs)
    (out / f"{order.name}.packages").write_text(manifest.as_list(found))
    (out / f"{order.name}.cdx.json").write_text(manifest.as_cyclonedx(found, order.version))
    disk.pack_root(folder, out / "root.erofs", order.date)
    packed = initramfs(SOURCE / "initramfs" / "init", *statics, kernel)
    blobs = firmware["raspi-firmware"] / "usr/lib/raspi-firmware"
    slot = boot_files.slot_files(blobs, SOURCE / "boot" / "config.txt", kernel, packed)
    choose = boot_files.choose_files(blobs)
    _refuse("boot-files", boot_files.faults(choose, slot))
    _write(slot, out / "boot")
    card = out / f"{order.name}.img"
    _put_together(card, choose, slot, out, order.date)
    _digests(out, [card, out / "root.erofs", out / "boot-a.vfat"], order, kernel)
    return card


def _inputs(order: Order, apt: Apt) -> dict[str, list[Path]]:
    """Fetch the packages that are unpacked and not installed, by what for."""
    kernel = list(order.kernel) or [apt.fetch(apt.depends(*_KERNEL))]
    return {
        "kernel": kernel,
        "firmware": [apt.fetch(name) for name in _FIRMWARE],
        "initramfs": [apt.fetch(name) for name in _INITRAMFS],
    }


def _unpacked(debs: dict[str, list[Path]], into: Path) -> tuple[Kernel, dict[str, Path], tuple[Path, Path]]:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    kernel = unpack(debs["kernel"], into / "kernel")
    firmware = {}
    for name, package in zip(_FIRMWARE, debs["firmware"], strict=True):
        firmware[name] = into / name
        run(["dpkg-deb", "--extract", package, into / name])
    for package in debs["initramfs"]:
        run(["dpkg-deb", "--extract", package, into / "initramfs"])
    return (
        kernel,
        firmware,
        (_program(into / "initramfs", "busybox"), _program(into / "initramfs", "e2fsck.static")),
    )


def _program(folder: Path, name: str) -> Path:
    """Find a program in an unpacked package: other files may have its name."""
    for path in sorted(folder.glob(f"**/*bin/{name}")):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            return path
    raise Broken(
        "program-not-in-package", f"There is no program {name} in {folder}.", "Look at what it holds."
    )


def _put_together(card: Path, choose: dict[str, bytes], slot: dict[str, bytes], out: Path, date: int) -> None:
    pieces = {layout.ROOT_A: out / "root.erofs"}
    pieces[layout.CHOOSE] = out / "choose.vfat"
    fat.write(pieces[layout.CHOOSE], layout.CHOOSE.size, "ESTU-CHOOSE", layout.DISK_ID + 1, choose, date)
    for letter, partition in (("A", layout.BOOT_A), ("B", layout.BOOT_B)):
        pieces[partition] = out / f"{partition.role}.vfat"
        disk.write_boot(pieces[partition], partition, slot, letter, date)
    pieces[layout.DATA] = out / "data.ext4"
    disk.pack_data(pieces[layout.DATA], date)
    disk.assemble(card, pieces)
    for partition in (layout.CHOOSE, layout.BOOT_B, layout.DATA):
        pieces[partition].unlink()


def _write(files: dict[str, bytes], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _digests(out: Path, files: list[Path], order: Order, kernel: Kernel) -> None:
    """Write what was made, with digests by which two builds are compared."""
    digests = {}
    for path in files:
        with path.open("rb") as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    told = {
        "version": order.version,
        "date": order.date,
        "kernel": kernel.version,
        "boards": kernel.boards,
        "bytes": {path.name: path.stat().st_size for path in files},
        "sha256": digests,
        "partitions": [
            {"number": each.number, "role": each.role, "start": each.start, "size": each.size}
            for each in layout.PARTITIONS
        ],
    }
    (out / f"{order.name}.json").write_text(json.dumps(told, indent=1) + "\n")


def _refuse(code: str, faults: list[str]) -> None:
    if faults:
        raise Refused(
            code, "The image is not as it must be:\n" + "\n".join(faults) + "\n", "Mend the recipe."
        )


def _say(what: str) -> None:
    print(f"image: {what}", flush=True)
