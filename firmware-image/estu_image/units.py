"""What starts by itself: exactly what is on this list, whatever Debian's packages would enable."""

from pathlib import Path

# Debian's units that a box wants, with where they hang; ours say it themselves.
_WANTED = {
    "sysinit.target": [
        "systemd-resolved.service",
    ],
    "multi-user.target": [
        "systemd-networkd.service",
        "chrony.service",
    ],
    "sockets.target": ["systemd-networkd.socket", "dbus.socket"],
    "timers.target": [],
}
_ALIASES = {
    "dbus-org.freedesktop.network1.service": "systemd-networkd.service",
    "dbus-org.freedesktop.resolve1.service": "systemd-resolved.service",
    "default.target": "multi-user.target",
}
# Neither a login nor a shell, on any line, at any failure.
MASKED = (
    "getty@.service",
    "autovt@.service",
    "serial-getty@.service",
    "console-getty.service",
    "container-getty@.service",
    "debug-shell.service",
    "getty.target",
    "systemd-firstboot.service",
    "systemd-homed-firstboot.service",
    "wpa_supplicant.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "alsa-restore.service",
    "alsa-state.service",
    "systemd-pcrphase.service",
    "systemd-ssh-generator",
    "ctrl-alt-del.target",
)
_SYSTEM = Path("usr/lib/systemd/system")


def enable(root: Path) -> None:
    """Enable what is wanted and mask what is not, in a root whose /etc/systemd/system is empty.

    A link into nowhere would be silence: what is enabled must be there.

    Raises:
        FileNotFoundError: A unit that is wanted is not in the root.
    """
    wanted = [(target, unit) for target, units in _WANTED.items() for unit in units]
    ours = sorted(path for path in (root / _SYSTEM).glob("estu-*") if path.is_file())
    wanted += [(target, unit.name) for unit in ours for target in wanted_by(unit.read_text())]
    for target, unit in wanted:
        if not (root / _SYSTEM / unit).exists():
            raise FileNotFoundError(root / _SYSTEM / unit)
        _link(root / "etc/systemd/system" / f"{target}.wants" / unit, f"/{_SYSTEM}/{unit}")
    for alias, unit in _ALIASES.items():
        _link(root / "etc/systemd/system" / alias, f"/{_SYSTEM}/{unit}")
    for unit in MASKED:
        if unit.endswith("generator"):
            _link(root / "etc/systemd/system-generators" / unit, "/dev/null")
        else:
            _link(root / "etc/systemd/system" / unit, "/dev/null")


def wanted_by(unit: str) -> list[str]:
    """Read from a unit's text what wants it."""
    lines = [line.removeprefix("WantedBy=") for line in unit.splitlines() if line.startswith("WantedBy=")]
    return " ".join(lines).split()


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
