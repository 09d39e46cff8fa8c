"""A machine that boots: real systemd as its first process, with this machine's files below and the box's units on top.

It is a container (systemd-nspawn) whose root is an overlay of our own: what it writes is gone with it. The repository and
its Python lie under /opt/estu, read-only. A script runs in it once it is up, as root; what that prints comes back.

What it does not show: the kernel is ours, not a Raspberry Pi's, and there is no udev and no real sound card in it.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
INSIDE = "/opt/estu"  # not below /home or /root, which the services do not see
# The Python below the virtual environment, wherever it lies here, and what is installed in the environment.
PYTHON = f"/opt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
_PACKAGES = f"{INSIDE}/{Path(sysconfig.get_path('purelib')).relative_to(REPOSITORY)}"
ENVIRONMENT = f"PYTHONPATH={INSIDE}:{_PACKAGES} LD_LIBRARY_PATH=/opt/python/lib PYTHONDONTWRITEBYTECODE=1"
_TARGET = """\
[Unit]
Description=Only what the box needs
Requires=basic.target
After=basic.target
Wants=estu-script.service
"""
_SCRIPT = f"""\
[Unit]
Description=What the test wants to know
After=basic.target
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
Environment={ENVIRONMENT}
ExecStart={PYTHON} /result/script.py
StandardOutput=file:/result/stdout
StandardError=file:/result/stderr
TimeoutStartSec=300
"""
_ESTU = f"""\
#!/bin/sh
{ENVIRONMENT} exec {PYTHON} -m device "$@"
"""
# Runs in a mount namespace of its own, so that nothing of it is left behind.
_BOOT = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root" "$1/snd"
cp -a "$2/." "$1/up"
mknod "$1/snd/pcmC0D0c" c 1 5
chgrp audio "$1/snd/pcmC0D0c"
chmod 660 "$1/snd/pcmC0D0c"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
root=$1; shift 2
program=$1; shift
exec "$program" --directory="$root/root" --bind="$root/snd:/dev/snd" "$@"
"""


def cannot_boot() -> str | None:
    """Say why no machine can be booted here, or None if one can."""
    if os.geteuid() != 0:
        return "systemd is booted by root only"
    if not shutil.which("systemd-nspawn"):
        return "systemd-nspawn is not installed (systemd-container)"
    if not Path("/sys/fs/cgroup").is_mount() or not os.access("/sys/fs/cgroup", os.W_OK):
        return "there are no control groups that could be written to"
    return None


@dataclass
class Machine:
    """A machine that is not switched on yet."""

    folder: Path  # on this machine, for what goes in and comes out
    files: dict[str, tuple[str, int]] = field(default_factory=dict)  # path inside: text and mode

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file on it."""
        self.files[path] = (text, mode)

    def run(self, script: str, seconds: float = 240.0) -> str:
        """Boot it, run a Python script in it as root, switch it off.

        Returns:
            What the script printed.
        """
        self.put("/usr/bin/estu", _ESTU, 0o755)
        self.put("/usr/lib/systemd/system/estu-test.target", _TARGET)
        self.put("/usr/lib/systemd/system/estu-script.service", _SCRIPT)
        self.put("/etc/machine-id", "")
        over, result, mount = self.folder / "over", self.folder / "result", self.folder / "mount"
        for each in (over, result, mount):
            each.mkdir(parents=True, exist_ok=True)
        for path, (text, mode) in self.files.items():
            target = over / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            target.chmod(mode)
        (result / "script.py").write_text(script)
        boot = [
            "systemd-nspawn",
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--private-network",
            "--capability=CAP_SYS_TIME",
            "--link-journal=no",
        ]
        boot += [
            f"--bind-ro={REPOSITORY}:{INSIDE}",
            f"--bind-ro={sys.base_prefix}:/opt/python",
            f"--bind={result}:/result",
            "--boot",
        ]
        command = ["unshare", "--mount", "bash", "-c", _BOOT, "boot", str(mount), str(over), *boot]
        command += ["systemd.unit=estu-test.target"]
        try:
            booted = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"The machine did not end within {seconds} s:\n{late.stdout}") from late
        said = (result / "stderr").read_text() if (result / "stderr").exists() else ""
        assert (result / "stdout").exists(), f"The script did not run:\n{booted.stdout}\n{booted.stderr}"
        assert not said, f"{said}\n{booted.stdout[-3000:]}"
        return (result / "stdout").read_text()
