"""What the root's own programs say of it: run emulated in it, without a network, and with nothing of it open to writing.

A unit's or a rule's mistake that this machine's older systemd and udev do not know of is found by the image's own; so is a library that is
not there or was made for another processor.
"""

import subprocess
from pathlib import Path

from estu_image.root import EMULATED
from estu_image.wheels import PLACE

_UNITS = "/usr/lib/systemd/system"
_RULES = "/usr/lib/udev/rules.d"
# All that the services load, the libraries in other languages too.
_LOADED = (
    "device.listening, device.recogniser, device.sound.microphone, device.sync.courier, device.sync.updates.look, "
    "device.page.site, device.page.server, device.host.service, gpiod, systemd.daemon, ai_edge_litert.interpreter"
)
CHECKS = {
    "systemd, of our units": f"systemd-analyze verify --man=no {_UNITS}/estu-*",
    "udev, of our rules": f"udevadm verify --no-summary {_RULES}/70-estu.rules {_RULES}/71-estu-slots.rules",
    "chrony, of its configuration": "chronyd -p -f /etc/chrony/chrony.conf >/dev/null",
    "the box's program": "estu --version >/dev/null",
    "Python, of what the services load": f"python3 -I -c 'import sys; sys.path.insert(0, \"/{PLACE}\"); import {_LOADED}'",
}
_APART = ["unshare", "--net", "--mount"]
# The mounts are in a world of their own and end with it.
_INSIDE = """\
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
for folder in run tmp dev; do mount -t tmpfs tmpfs "$1/$folder"; done
mount -t proc proc "$1/proc"
mknod -m 666 "$1/dev/null" c 1 3
exec chroot "$1" /bin/sh -c "$2"
"""


def faults(root: Path) -> list[str]:
    """Let the root's programs look at it.

    Args:
        root: The finished tree; it is not changed.

    Returns:
        A sentence for each that found fault, with its words.
    """
    found = []
    for who, command in CHECKS.items():
        ended = subprocess.run(
            [*_APART, "sh", "-euc", _INSIDE, "sh", root, command],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **EMULATED},
        )
        said = (ended.stdout + ended.stderr).strip()
        if ended.returncode or said:  # a warning is a fault too: nothing of ours earns one
            found.append(f"{who} (status {ended.returncode}): {said}")
    return found
