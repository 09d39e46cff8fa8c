"""Debian's part of the root: mkosi installs `recipe/mkosi.conf`, and what came out is kept for as long as that recipe stays.

Only the packages' own scripts run emulated. The result is kept in a cache outside the repository, under the digest of what it was made
of; Debian's archive moves on below it, so `--fresh` makes it anew.
"""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from device.errors import Broken
from estu_image import sources
from estu_image.program import run

_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_MKOSI = "mkosi"  # the release's own package, unpacked: older Debians have one that is too old
# The emulator's default CPU is many times slower in matrix products.
EMULATED = {"QEMU_CPU": "cortex-a72"}


@dataclass(frozen=True)
class Recipe:
    """What the root is made of."""

    folder: Path  # holds mkosi.conf
    cache: Path

    @property
    def digest(self) -> str:
        """Changes with everything that the root depends on, apart from Debian's archive."""
        made_of = (self.folder / "mkosi.conf").read_bytes() + sources.written(
            {"Debian": "", "Debian-Security": ""}
        ).encode()
        return hashlib.sha256(made_of).hexdigest()[:16]

    @property
    def root(self) -> Path:
        """Where the finished root is kept."""
        return self.cache / f"root-{self.digest}"


def cached(recipe: Recipe, apt: sources.Apt, date: int, fresh: bool) -> Path:
    """Give Debian's part of the root, made if it is not there.

    Args:
        recipe: What it is made of.
        apt: Brings mkosi.
        date: Seconds since 1970; no file is newer.
        fresh: Make it in any case.

    Raises:
        Broken: We are not root, or mkosi failed.
    """
    if recipe.root.exists() and not fresh:
        return recipe.root
    emulate()
    building = recipe.cache / "building"
    shutil.rmtree(building, ignore_errors=True)
    sandbox = building / "sandbox" / "etc" / "apt"
    (sandbox / "sources.list.d").mkdir(parents=True)
    (sandbox / "apt.conf.d").mkdir()
    (sandbox / "sources.list.d" / "mkosi.sources").write_text(sources.written(sources.mirrors()))
    (sandbox / "apt.conf.d" / "10-this-machine").write_text(sources.apt_settings())
    run(["dpkg-deb", "--extract", apt.fetch(_MKOSI), building / "tools"])
    for each in ("workspace", "packages", "out"):
        (building / each).mkdir()
    run(
        [
            "python3",
            "-m",
            "mkosi",
            f"--directory={recipe.folder}",
            f"--sandbox-tree={building / 'sandbox'}",
            f"--output-directory={building / 'out'}",
            f"--workspace-directory={building / 'workspace'}",
            f"--package-cache-dir={building / 'packages'}",
            f"--source-date-epoch={date}",
            *(f"--environment={name}={value}" for name, value in EMULATED.items()),
            "--force",
            "build",
        ],
        {"PYTHONPATH": str(building / "tools/usr/lib/python3/dist-packages")},
    )
    shutil.rmtree(recipe.root, ignore_errors=True)
    (building / "out" / "root").rename(recipe.root)
    shutil.rmtree(building)
    return recipe.root


def emulate() -> None:
    """Let this machine run programs for arm64.

    Raises:
        Broken: It cannot be arranged.
    """
    advice = "Build as root, with qemu-user-static installed, on a kernel with binfmt_misc."
    if os.geteuid() != 0:
        raise Broken("root-needed", "The image is built by root: its files belong to many users.", advice)
    if not (_BINFMT / "register").exists():
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT])
    if (_BINFMT / "qemu-aarch64").exists():
        return
    try:
        (_BINFMT / "register").write_text(Path("/usr/lib/binfmt.d/qemu-aarch64.conf").read_text().strip())
    except OSError as error:
        raise Broken(
            "emulation-missing", f"Programs for arm64 cannot be run here: {error.strerror}.", advice
        ) from error
