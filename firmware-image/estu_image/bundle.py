"""An update of a slot as one signed file, for RAUC: the root, the boot partition, and a hook that writes the slot's command line."""

import shutil
import tempfile
from pathlib import Path

from device.errors import Broken
from estu_image import layout
from estu_image.program import run

COMPATIBLE = "estu-pi-arm64"
# After RAUC has written a boot partition, it is told which root is its own: the same file is put into either slot.
_HOOK = """#!/bin/sh
set -eu
[ "$1" = slot-post-install ] || exit 0
case "$RAUC_SLOT_NAME" in
    boot.0) root={a} slot=A ;;
    boot.1) root={b} slot=B ;;
    *) exit 0 ;;
esac
line=$RAUC_SLOT_MOUNT_POINT/cmdline.txt
sed -e "s/root=PARTUUID=[0-9a-f-]*/root=PARTUUID=$root/" -e "s/rauc.slot=[AB]/rauc.slot=$slot/" "$line" >/tmp/estu-cmdline
grep -q "root=PARTUUID=$root .*rauc.slot=$slot " /tmp/estu-cmdline
cat /tmp/estu-cmdline >"$line"
rm /tmp/estu-cmdline
sync -f "$line"
"""


def manifest(version: str, date: str) -> str:
    """Write what RAUC reads first."""
    return (
        f"[update]\ncompatible={COMPATIBLE}\nversion={version}\nbuild={date}\n\n"
        "[bundle]\nformat=verity\n\n[hooks]\nfilename=hook\n\n"
        "[image.rootfs]\nfilename=root.img\n\n[image.boot]\nfilename=boot.vfat\nhooks=post-install\n"
    )


def hook() -> str:
    """Write the hook."""
    return _HOOK.format(a=layout.ROOT_A.partuuid, b=layout.ROOT_B.partuuid)


def version_of(built: Path) -> str:
    """Give the version that the system which was built last says of itself; a bundle that said another would be installed again and again.

    Args:
        built: The build's folder.

    Raises:
        Broken: Nothing was built there.
    """
    try:
        release = (built / "root/usr/lib/os-release").read_text()
    except OSError as error:
        raise Broken(
            "nothing-built", f"In {built} no image was built: {error.strerror}.", "Run `make image` first."
        ) from error
    return release.partition("IMAGE_VERSION=")[2].split()[0]


def make(built: Path, version: str, date: str, certificate: Path, key: str, target: Path) -> None:
    """Make a signed bundle of what `build` left.

    Args:
        built: The build's folder.
        version: Three numbers; a box installs only a higher one than it runs.
        date: For people.
        certificate: Of whoever signs; the boxes' image has it, or its issuer's.
        key: Its key, a file or a PKCS #11 URI.
        target: The bundle.

    Raises:
        Broken: rauc or mksquashfs failed.
    """
    with tempfile.TemporaryDirectory(dir=built) as folder:
        place = Path(folder)
        (place / "manifest.raucm").write_text(manifest(version, date))
        (place / "hook").write_text(hook())
        (place / "hook").chmod(0o755)
        for source, name in (("root.erofs", "root.img"), ("boot-a.vfat", "boot.vfat")):
            shutil.copyfile(built / source, place / name)
        target.unlink(missing_ok=True)
        # What is inside is packed already; packing it again would cost a box minutes.
        run(
            [
                "rauc",
                "bundle",
                f"--cert={certificate}",
                f"--key={key}",
                "--mksquashfs-args=-comp zstd -Xcompression-level 3",
                place,
                target,
            ]
        )
