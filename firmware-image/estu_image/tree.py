"""The root's tree, put together: Debian's part, our overlay and units, Python's packages, the modules of the kernel."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from estu_image.kernel import Kernel, dependencies
from estu_image.program import run
from estu_image.units import enable

_KEPT_LIST = Path("usr/share/estu/packages")  # dpkg's list, since /var is made anew at each boot
# What is never asked for on a box; the rest of a removed package stays on its list.
_REMOVED = (
    "boot",
    "etc/apt",
    "etc/cron.d",
    "etc/cron.daily",
    "etc/init.d",
    "etc/rc0.d",
    "etc/rc1.d",
    "etc/rc2.d",
    "etc/rc3.d",
    "etc/rc4.d",
    "etc/rc5.d",
    "etc/rc6.d",
    "etc/rcS.d",
    "etc/systemd/system",
    "etc/.pwd.lock",
    "usr/bin/arecord",  # comes with the mixer that sets the microphone's gain
    "usr/bin/aplay",
    "usr/share/bash-completion",
    "usr/share/zsh",
    "usr/share/doc-base",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/info",
    "usr/share/polkit-1",
    "usr/share/sounds",
    "usr/lib/systemd/system-generators/systemd-debug-generator",
)
# Modules for machines that a box is not; what a module that stays needs of them stays too.
_MODULES_REMOVED = (
    "drivers/accel",
    "drivers/ata",
    "drivers/gpu",
    "drivers/iio",
    "drivers/infiniband",
    "drivers/isdn",
    "drivers/media",
    "drivers/nvme",
    "drivers/scsi",
    "drivers/target",
    "drivers/video",
    "drivers/net/ethernet/*",
    "drivers/net/wireless/*",
    "net/bluetooth",
    "drivers/bluetooth",
    "drivers/staging",
)
_MODULES_KEPT = (
    "drivers/net/ethernet/b*",  # broadcom: a Pi 4's
    "drivers/net/ethernet/cadence",  # a Pi 5's
    "drivers/net/wireless/b*",  # broadcom: the Wi-Fi of all
)
_UNITS = {
    ".service": "usr/lib/systemd/system",
    ".socket": "usr/lib/systemd/system",
    ".path": "usr/lib/systemd/system",
    ".timer": "usr/lib/systemd/system",
    ".mount": "usr/lib/systemd/system",
    ".rules": "usr/lib/udev/rules.d",
}


@dataclass(frozen=True)
class Version:
    """What the image says of itself."""

    version: str  # ours
    date: int  # seconds since 1970: of the commit, and of every file that is not older


def begin(debian: Path, root: Path, date: int) -> None:
    """Copy Debian's part, and leave out what a box has no use for.

    Args:
        debian: The part; its own date is that of whatever was made when it was, and did not come in a package.
        root: Where to.
        date: Seconds since 1970, that all this gets: it must not tell when the part was made.
    """
    shutil.rmtree(root, ignore_errors=True)
    run(["cp", "--archive", "--reflink=auto", debian, root])
    _date(root, int(debian.stat().st_mtime) - 1, date)
    kept = root / _KEPT_LIST
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / "var/lib/dpkg/status", kept)
    for name in _REMOVED:
        _remove(root / name)
    (root / "etc/systemd/system").mkdir(parents=True)


def add_firmware(unpacked: Path, root: Path) -> None:
    """Add what a package brings for the devices' own processors."""
    source = unpacked / "usr/lib/firmware"
    if source.is_dir():
        run(["cp", "--archive", f"{source}/.", _made(root / "usr/lib/firmware")])


def add_modules(kernel: Kernel, root: Path) -> None:
    """Add the kernel's modules, but for those that only other machines need."""
    target = root / "usr/lib/modules" / kernel.version
    _made(target.parent)
    run(["cp", "--archive", kernel.modules, target])
    for path in modules_not_needed(dependencies(kernel)):
        (target / path).unlink()
    run(["find", target, "-type", "d", "-empty", "-delete"])
    run(["depmod", "--basedir", root, kernel.version])


def modules_not_needed(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """List the modules that only other machines need.

    Args:
        needs: For each module's path those of the modules that it needs, as in `modules.dep`.
    """
    others = {
        path for path in needs if _lies_in(path, _MODULES_REMOVED) and not _lies_in(path, _MODULES_KEPT)
    }
    needed = {each for path in needs.keys() - others for each in needs[path]}
    return sorted(others - needed)


def _lies_in(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(path, f"kernel/{pattern}/*") for pattern in patterns)


def add_ours(overlay: Path, units: Path, root: Path) -> None:
    """Add the overlay and the units, enabled as their `[Install]` says."""
    run(["cp", "--recursive", "--no-dereference", "--preserve=mode,links", f"{overlay}/.", root])
    for unit in sorted(units.iterdir()):
        if unit.name.endswith("sysusers.conf"):
            place = "usr/lib/sysusers.d"
        elif unit.name.endswith("tmpfiles.conf"):
            place = "usr/lib/tmpfiles.d"
        else:
            place = _UNITS[unit.suffix]
        shutil.copyfile(unit, _made(root / place) / unit.name)
    run(["systemd-sysusers", f"--root={root}"])
    enable(root)


def say_version(root: Path, version: Version) -> None:
    """Write what the image is into os-release, and set the floor that no clock can be below."""
    release = root / "usr/lib/os-release"
    lines = [
        line for line in release.read_text().splitlines() if not line.startswith(("IMAGE_", "PRETTY_NAME"))
    ]
    lines += [f'PRETTY_NAME="Estu {version.version}"', "IMAGE_ID=estu", f"IMAGE_VERSION={version.version}"]
    release.write_text("\n".join(lines) + "\n")
    (root / "usr/lib/clock-epoch").touch()


def finish(root: Path, version: Version) -> None:
    """Leave /var to each boot, take every file's privileges, make dates and modes those of the input alone."""
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").write_text("estu\n")
    for name in ("resolv.conf", "mtab", "passwd-", "group-", "shadow-", "gshadow-"):
        (root / "etc" / name).unlink(missing_ok=True)
    (root / "etc/resolv.conf").symlink_to("../run/systemd/resolve/resolv.conf")
    (root / "etc/mtab").symlink_to("../proc/self/mounts")
    _var_at_boot(root)
    forget_days(root / "etc/shadow")
    for name in ("data", "etc/estu", "var", "tmp", "dev", "proc", "sys", "run", "root"):
        _made(root / name)
    (root / "root").chmod(0o700)
    run(["find", root, "-xdev", "-type", "f", "-perm", "/7000", "-exec", "chmod", "a-s,-t", "{}", "+"])
    _date(root, version.date, version.date)


def _date(root: Path, after: int, date: int) -> None:
    """Give all files that are newer than a moment a date; both in seconds since 1970."""
    touch = ["touch", "--no-dereference", f"--date=@{date}", "{}", "+"]
    run(["find", root, "-xdev", "-newermt", f"@{after}", "-exec", *touch])


def forget_days(shadow: Path) -> None:
    """Leave out the day on which each account was made: there is no password that could grow old, and builds would differ by it."""
    lines = [line.split(":") for line in shadow.read_text().splitlines()]
    shadow.write_text("".join(":".join([*fields[:2], "", *fields[3:]]) + "\n" for fields in lines))


def _var_at_boot(root: Path) -> None:
    """Turn /var into a list from which it is made at each boot, in memory; its files were caches and lists of packages."""
    var = root / "var"
    lines = []
    for path in sorted(var.rglob("*")):
        inside = f"/{path.relative_to(root)}"
        if inside.startswith(
            ("/var/lib/dpkg", "/var/lib/apt", "/var/cache/apt", "/var/cache/man", "/var/log/apt")
        ):
            continue
        if path.is_symlink():
            lines.append(f"L {inside} - - - - {path.readlink()}")
        elif path.is_dir():
            at = path.stat()
            lines.append(f"d {inside} {at.st_mode & 0o7777:04o} {at.st_uid} {at.st_gid} -")
    shutil.rmtree(var)
    (root / "usr/lib/tmpfiles.d/00-estu-var.conf").write_text(
        "# Made at the build: the folders that Debian's packages have in /var.\n" + "\n".join(lines) + "\n"
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
