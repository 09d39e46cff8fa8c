"""What must not be in an image, looked for in its tree before it is packed.

1. Nobody can log in: no password, none that is empty, no server that would ask for one, no terminal that offers to.
2. No secret: no private key, no identity, no seed of random numbers.
3. No program runs with more rights than whoever starts it; nothing can be written by everybody.
4. No door but the page's: what opens a port is on a list. (mDNS is opened by systemd-resolved; the boot test looks at the sockets.)
5. Nothing that installs or compiles.
"""

import os
import re
import stat
from pathlib import Path

from estu_image.units import MASKED

_LOCKED = re.compile(r"[!*]+\Z")
_SERVERS = (
    "sshd",
    "dropbear",
    "telnetd",
    "in.telnetd",
    "rshd",
    "vsftpd",
    "smbd",
    "rpcbind",
    "avahi-daemon",
    "cupsd",
)
_TOOLS = (
    "apt-get",
    "gcc",
    "cc",
    "make",
    "pip",
    "pip3",
    "ssh-keygen",
    "curl",
    "wget",
    "nc",
    "tcpdump",
    "arecord",
    "ffmpeg",
)
_PROGRAMS = ("usr/bin", "usr/sbin", "usr/lib/openssh", "usr/libexec", "usr/local/bin", "usr/local/sbin")
_KEY = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----\r?$", re.MULTILINE)
_LARGEST_KEY_FILE = 1 << 20  # bytes
_SECRETS = (
    "var/lib/systemd/random-seed",
    "etc/estu/signing.pem",
    "etc/estu/tls-key.pem",
    "etc/estu/settings.toml",
)
_DOORS = {"estu-page.socket"}
_PORT = re.compile(r"^Listen(Stream|Datagram)=(.*:)?\d+$", re.MULTILINE)


def faults(root: Path) -> list[str]:
    """Look through a root's tree.

    Returns:
        What is wrong, in sentences; empty if nothing.
    """
    return [*_logins(root), *_secrets(root), *_modes(root), *_doors(root), *_programs(root)]


def _logins(root: Path) -> list[str]:
    found = []
    for line in (root / "etc/shadow").read_text().splitlines():
        user, password, *_ = line.split(":")
        if not _LOCKED.match(password):
            found.append(f"{user} has a password, or an empty one.")
    for line in (root / "etc/passwd").read_text().splitlines():
        user, field, number, *_ = line.split(":")
        if field != "x":
            found.append(f"{user}'s password stands in /etc/passwd.")
        if number == "0" and user != "root":
            found.append(f"{user} is a second root.")
    for unit in MASKED:
        at = (
            root
            / ("etc/systemd/system-generators" if unit.endswith("generator") else "etc/systemd/system")
            / unit
        )
        if not at.is_symlink() or str(at.readlink()) != "/dev/null":
            found.append(f"{unit} is not masked.")
    for unit in ("emergency.service", "rescue.service"):
        own = root / "etc/systemd/system" / unit
        if not own.exists() or "sulogin" in own.read_text():
            found.append(f"{unit} would open a shell.")
    found += [f"{path.relative_to(root)} lets somebody in." for path in root.glob("**/.ssh/authorized_keys")]
    return found


def _secrets(root: Path) -> list[str]:
    found = [f"/{name} is in the image." for name in _SECRETS if (root / name).exists()]
    if (root / "etc/machine-id").read_text() != "":
        found.append("/etc/machine-id is not empty: all boxes would be one.")
    small = (path for path in _files(root) if path.stat().st_size <= _LARGEST_KEY_FILE)
    holding = (path for path in small if _KEY.search(path.read_bytes()))
    return [*found, *(f"/{path.relative_to(root)} holds a private key." for path in holding)]


def _modes(root: Path) -> list[str]:
    found = []
    for path in _everything(root):
        mode = path.lstat().st_mode
        name = f"/{path.relative_to(root)}"
        if stat.S_ISLNK(mode):
            continue
        if mode & (stat.S_ISUID | stat.S_ISGID) and not stat.S_ISDIR(mode):
            found.append(f"{name} is setuid or setgid.")
        if mode & stat.S_IWOTH and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
            found.append(f"{name} can be written by everybody.")
        if stat.S_ISBLK(mode) or stat.S_ISCHR(mode):
            found.append(f"{name} is a device.")
        if os.geteuid() == 0 and stat.S_ISREG(mode) and path.lstat().st_uid != 0:
            found.append(f"{name} does not belong to root.")
        if "security.capability" in os.listxattr(path, follow_symlinks=False):
            found.append(f"{name} has capabilities.")
    return found


def _doors(root: Path) -> list[str]:
    found = []
    for wants in sorted((root / "etc/systemd/system").glob("*.wants/*.socket")):
        unit = root / str(wants.readlink()).lstrip("/")
        if _PORT.search(unit.read_text()) and wants.name not in _DOORS:
            found.append(f"{wants.name} opens a port.")
    return found


def _programs(root: Path) -> list[str]:
    places = [f"{folder}/{name}" for folder in _PROGRAMS for name in (*_SERVERS, *_TOOLS)]
    there = [place for place in places if (root / place).exists() or (root / place).is_symlink()]
    return [f"/{place} is in the image." for place in there]


def _everything(root: Path) -> list[Path]:
    return sorted(
        Path(folder) / name for folder, folders, names in os.walk(root) for name in [*folders, *names]
    )


def _files(root: Path) -> list[Path]:
    return [path for path in _everything(root) if path.is_file() and not path.is_symlink()]
