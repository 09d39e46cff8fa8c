"""What runs in systemd's place in the booted image to install an update, and to try, keep and leave it: RAUC's own service and programs.

Called with one word: install, look, keep. It ends with a restart: plain, or asking the firmware for one try of the other slot.
"""

import ctypes
import os
import subprocess
import sys
import termios
import time
from pathlib import Path

SAY = "estu-slots"
BEGIN = """\
mkdir -p /run/lock /run/dbus
exec /usr/bin/python3 -I /data/trial/slots.py {what}
"""
_MAGIC, _MAGIC2, _RESTART2 = 0xFEE1DEAD, 672274793, 0xA1B2C3D4


def say(what: str) -> None:
    """Tell the console."""
    for line in what.strip().splitlines() or [""]:
        print(f"{SAY} {line}", flush=True)


def run(*words: str) -> int:
    """Run a program and tell what it says."""
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    say(f"{Path(words[0]).name} {' '.join(words[1:])}: status {ended.returncode}")
    if ended.stdout.strip() or ended.stderr.strip():
        say(ended.stdout + ended.stderr)
    return ended.returncode


def names() -> None:
    """Give the card's partitions their names; there is no udev here."""
    data = next(
        line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if " /data ext4" in line
    )
    Path("/dev/estu").mkdir()
    for name, number in (("choose", 1), ("boot-a", 2), ("boot-b", 3), ("root-a", 5), ("root-b", 6)):
        Path("/dev/estu", name).symlink_to(data[:-1] + str(number))


def service() -> None:
    """Start the message bus and RAUC."""
    for where, kind in (("/var", "tmpfs"), ("/tmp", "tmpfs")):  # noqa: S108
        run("/usr/bin/mount", "-t", kind, kind, where)
    for module in (
        "loop",
        "dm_verity",
        "squashfs",
        "vfat",
        "nls_cp437",
        "nls_ascii",
        "nls_iso8859_1",
        "nls_utf8",
    ):
        subprocess.run(["/usr/sbin/modprobe", module], check=False)
    subprocess.Popen(["/usr/bin/dbus-daemon", "--system", "--nofork", "--nopidfile"])
    until = time.monotonic() + 60
    while not Path("/run/dbus/system_bus_socket").exists() and time.monotonic() < until:
        time.sleep(0.2)
    subprocess.Popen(["/usr/bin/rauc", "service"])
    time.sleep(5)


def restart(argument: str | None) -> None:
    """Restart, as `reboot ARGUMENT` does."""
    termios.tcdrain(sys.stdout.fileno())  # or the restart takes the last words along
    time.sleep(1)
    os.sync()
    subprocess.run(["/usr/bin/mount", "-o", "remount,ro", "/data"], check=False)
    libc = ctypes.CDLL(None)
    libc.syscall(142, _MAGIC, _MAGIC2, _RESTART2, (argument or "").encode())


def main(what: str) -> None:
    """Do one thing, and restart."""
    release = Path("/etc/os-release").read_text().split("IMAGE_VERSION=")[1].split()[0]
    names()
    run("/usr/lib/estu/choose-slot", "get-current")
    say(f"runs {release}")
    if what != "look":
        service()
    if what == "install":
        run("/usr/bin/rauc", "info", "/data/lib-estu/other.raucb")
        run("/usr/bin/rauc", "info", "/data/lib-estu/system.raucb")
        run("/usr/bin/rauc", "install", "/data/lib-estu/system.raucb")
        run("/usr/lib/estu/choose-slot", "get-primary")
    elif what == "keep":
        run("/usr/bin/rauc", "status", "mark-good", "booted")
        run("/usr/lib/estu/choose-slot", "get-primary")
    say("done")
    restart(
        "0 tryboot" if what == "install" or (what == "look" and Path("/data/trial/again").exists()) else None
    )


if __name__ == "__main__":
    main(sys.argv[1])
