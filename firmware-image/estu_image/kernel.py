"""The kernel as an input: packages that are unpacked and not installed, so that any that are laid out like Debian's will do.

Of each is taken: one `boot/vmlinuz-*`, the modules, and the device trees of the boards that it knows.
"""

import lzma
from dataclasses import dataclass
from pathlib import Path

from device.errors import Refused
from estu_image.program import run

# What the Pi's firmware looks for (downstream's names), and what the kernel's own tree calls it. Firmware that is told
# `upstream_kernel=1` looks for the latter; both are put there, so that it does not matter whom it asks.
BOARDS = {
    "bcm2711-rpi-4-b.dtb": "Pi 4",
    "bcm2711-rpi-400.dtb": "Pi 400",
    "bcm2711-rpi-cm4-io.dtb": "Compute Module 4",
    "bcm2837-rpi-3-b.dtb": "Pi 3",
    "bcm2837-rpi-3-b-plus.dtb": "Pi 3+",
    "bcm2837-rpi-zero-2-w.dtb": "Zero 2 W",
    "bcm2712-rpi-5-b.dtb": "Pi 5",
}
_DOWNSTREAM = {
    "bcm2837-rpi-3-b.dtb": "bcm2710-rpi-3-b.dtb",
    "bcm2837-rpi-3-b-plus.dtb": "bcm2710-rpi-3-b-plus.dtb",
    "bcm2837-rpi-zero-2-w.dtb": "bcm2710-rpi-zero-2-w.dtb",
}
# Without this part, that the RP1 chip needs, a Pi 5 has no USB and no network, whatever device tree there is.
_NEEDED_BY_PI_5 = "rp1"


@dataclass(frozen=True)
class Kernel:
    """A kernel with what belongs to it, unpacked."""

    version: str
    image: Path
    modules: Path  # the folder named after the version
    trees: dict[str, Path]  # device trees by the name under which they go to the boot partition

    @property
    def boards(self) -> list[str]:
        """For which boards it has a device tree and what else they need."""
        return [board for tree, board in BOARDS.items() if tree in self.trees]


def unpack(packages: list[Path], folder: Path) -> Kernel:
    """Unpack a kernel's packages.

    Args:
        packages: One or more .deb, the kernel and what it wants besides.
        folder: Where to; empty.

    Raises:
        Refused: There is not exactly one kernel for arm64 in them, or none of our boards is known to it.
    """
    for package in packages:
        run(["dpkg-deb", "--extract", package, folder])
    images = sorted(folder.glob("boot/vmlinuz-*"))
    advice = "Give the .deb of one arm64 kernel, laid out like Debian's linux-image-*-arm64."
    if len(images) != 1:
        raise Refused(
            "kernel-not-one", f"In {', '.join(map(str, packages))} are {len(images)} kernels.", advice
        )
    version = images[0].name.removeprefix("vmlinuz-")
    modules = next(
        (
            root / version
            for root in (folder / "usr/lib/modules", folder / "lib/modules")
            if (root / version).is_dir()
        ),
        None,
    )
    if modules is None:
        raise Refused("kernel-without-modules", f"The kernel {version} has no modules beside it.", advice)
    if not (folder / "lib").exists():
        (folder / "lib").symlink_to("usr/lib")  # where depmod looks
    run(["depmod", "--basedir", folder, version])
    rp1 = any(
        _NEEDED_BY_PI_5 in line for line in (modules / "modules.order").read_text().splitlines()
    ) or any(_NEEDED_BY_PI_5 in line for line in (modules / "modules.builtin").read_text().splitlines())
    trees: dict[str, Path] = {}
    for tree in sorted(folder.glob("usr/lib/linux-image-*/broadcom/*.dtb")):
        if tree.name not in BOARDS or (tree.name.startswith("bcm2712") and not rp1):
            continue
        trees[tree.name] = tree
        if tree.name in _DOWNSTREAM:
            trees[_DOWNSTREAM[tree.name]] = tree
    if not trees:
        raise Refused(
            "kernel-for-other-boards", f"The kernel {version} has no device tree for our boards.", advice
        )
    return Kernel(version, images[0], modules, trees)


def dependencies(kernel: Kernel) -> dict[str, list[str]]:
    """Read which modules each module needs, all that these need among them; by their paths below the kernel's modules."""
    lines = (kernel.modules / "modules.dep").read_text().splitlines()
    return {path: needs.split() for path, _, needs in (line.partition(":") for line in lines)}


def module_order(kernel: Kernel, wanted: list[str]) -> list[Path]:
    """Put modules into the order in which they can be loaded, with those they need before them.

    Args:
        kernel: Whose.
        wanted: Names as `modprobe` takes them; those that are built in or that this kernel has not are left out.
    """
    needs: dict[str, list[str]] = {}
    paths: dict[str, Path] = {}
    for path, needed in dependencies(kernel).items():
        paths[_name(path)] = kernel.modules / path
        needs[_name(path)] = [_name(each) for each in needed]
    # What a module asks for by hand ("softdep pre:") is not in modules.dep.
    for line in (kernel.modules / "modules.softdep").read_text().splitlines():
        if not line.startswith("softdep "):
            continue
        _, module, *words = line.split()
        before = words[words.index("pre:") + 1 :] if "pre:" in words else []
        before = before[: before.index("post:")] if "post:" in before else before
        needs.setdefault(_name(module), []).extend(_name(each) for each in before)
    order: list[str] = []

    def add(name: str) -> None:
        if name in order or name not in paths:
            return
        for each in needs.get(name, []):
            add(each)
        if name not in order:
            order.append(name)

    for name in wanted:
        add(_name(name))
    return [paths[name] for name in order]


def uncompressed(module: Path) -> bytes:
    """Give a module's own bytes; Debian compresses them with xz.

    Raises:
        Refused: They are compressed otherwise.
    """
    content = module.read_bytes()
    if module.suffix == ".xz":
        return lzma.decompress(content)
    if module.suffix == ".ko":
        return content
    raise Refused(
        "module-form-unknown",
        f"The module {module.name} is compressed in a way we do not read.",
        "xz or none is read.",
    )


def _name(path: str) -> str:
    return Path(path).name.split(".ko")[0].replace("-", "_")
