"""What is asked inside a booted machine: of each service's sandbox, and of the services themselves.

It runs twice: as root, to start everything; and by its `probe` in each sandbox, to try what must not be possible.
Standard library only, apart from the box's own log at the end.
"""

import ctypes
import errno
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

UNITS = Path("/usr/lib/systemd/system")
RUN = Path("/run/systemd/system")
SERVICES = ("estu-listen", "estu-sync", "estu-page")
KEYS = (
    "/etc/estu/signing.pem",
    "/etc/estu/tls-key.pem",
    "/etc/estu/label-code.scrypt",
    "/etc/estu/settings.toml",
)
# ruff: noqa: S108 - where they are, and that they are private, is what is asked
# By their numbers (<bits/socket.h>): not every Python knows every name.
FAMILIES = {
    "AF_UNIX": 1,
    "AF_INET": 2,
    "AF_INET6": 10,
    "AF_NETLINK": 16,
    "AF_PACKET": 17,
    "AF_BLUETOOTH": 31,
    "AF_ALG": 38,
    "AF_VSOCK": 40,
}
FOLDERS = (
    "/var/lib/estu",
    "/run/estu",
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/etc/estu",
    "/usr",
    "/home",
    "/run",
    "/",
)


def attempt(deed: Callable[[], object]) -> str:
    """Say `done`, or the name of the error."""
    try:
        deed()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


def make_socket(family: int) -> None:
    kind = (
        socket.SOCK_RAW if family in {FAMILIES["AF_NETLINK"], FAMILIES["AF_PACKET"]} else socket.SOCK_STREAM
    )
    socket.socket(family, kind).close()


def write(folder: str) -> None:
    path = Path(folder) / "probe"
    path.write_bytes(b"x")
    path.unlink()


def open_sound() -> None:
    with Path("/dev/snd/pcmC0D0c").open("rb", buffering=0) as device:
        device.read(64)


def make_sound() -> None:
    os.mknod(f"{tempfile.gettempdir()}/pcm", 0o600 | stat.S_IFCHR, os.makedev(116, 24))


def set_clock() -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.time())


def ask_clock() -> None:
    from device.host.clock import ask_kernel

    if ask_kernel() is None:
        raise OSError(errno.EPERM, "the kernel may not be asked")


def run_own_code() -> None:
    """Map memory that can be written and then run."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    if libc.mmap(None, ctypes.c_size_t(4096), 7, 0x22, -1, ctypes.c_long(0)) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")


def replace_hearing() -> None:
    Path("/run/estu/forged").write_bytes(b"{}")
    try:
        os.replace("/run/estu/forged", "/run/estu/hearing.json")  # noqa: PTH105 - the error is what is wanted
    finally:
        Path("/run/estu/forged").unlink(missing_ok=True)


def mute_and_back() -> None:
    Path("/run/estu/muted").write_bytes(b"{}")
    Path("/run/estu/muted").unlink()


def probe() -> None:
    """Try everything, and print what came of it."""
    found = {
        "sockets": {name: attempt(lambda n=number: make_socket(n)) for name, number in FAMILIES.items()},
        "interfaces": [name for _, name in interfaces()],
        "sound": attempt(open_sound),
        "make a sound device": attempt(make_sound),
        "read": {path: attempt(lambda p=path: Path(p).read_bytes()) for path in KEYS},
        "write": {folder: attempt(lambda f=folder: write(f)) for folder in FOLDERS},
        "ask the clock": attempt(ask_clock),
        "set the clock": attempt(set_clock),
        "run own code": attempt(run_own_code),
        "say what is heard": attempt(replace_hearing),
        "mute": attempt(mute_and_back),
        "mount": attempt(mount),
        "user": os.geteuid(),
    }
    print(json.dumps(found))


def interfaces() -> list[tuple[int, str]]:
    try:
        lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    except OSError:
        return []
    return [(number, line.split(":")[0].strip()) for number, line in enumerate(lines)]


def mount() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None):
        raise OSError(ctypes.get_errno(), "mount")


def systemctl(*words: str) -> str:
    return subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False).stdout


def shown(service: str) -> dict[str, str]:
    names = "ActiveState,SubState,StatusText,NRestarts,Result,MainPID"
    return dict(
        line.split("=", 1) for line in systemctl("show", f"{service}.service", "-p", names).splitlines()
    )


def wait(true: Callable[[], object], seconds: float = 90.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.2)
    return False


def probed(service: str) -> dict[str, object]:
    """Run `probe` in a service's sandbox: its own unit, with another program in it."""
    text = (UNITS / f"{service}.service").read_text()
    text = re.sub(
        r"^(Type|NotifyAccess|WatchdogSec|Restart\w*|ExecStopPost|After|Requires)=.*\n",
        "",
        text,
        flags=re.MULTILINE,
    )
    command = f"{sys.executable} {__file__} probe"
    text = re.sub(r"^ExecStart=.*$", f"Type=oneshot\nExecStart={command}", text, flags=re.MULTILINE)
    text = text.replace(
        "[Service]",
        f"[Service]\nEnvironment=PYTHONPATH={os.environ['PYTHONPATH']} LD_LIBRARY_PATH={os.environ['LD_LIBRARY_PATH']}",
        1,
    )
    out = Path(f"/run/probe-{service}")
    text = text.replace("[Install]", f"StandardOutput=file:{out}\nStandardError=journal\n[Install]")
    RUN.mkdir(parents=True, exist_ok=True)
    (RUN / f"probe-{service}.service").write_text(text)
    systemctl("daemon-reload")
    systemctl("start", f"probe-{service}.service")
    if not out.exists() or not out.read_text():
        raise SystemExit(systemctl("status", "--full", "--lines=40", f"probe-{service}.service"))
    found: dict[str, object] = json.loads(out.read_text())
    return found


def main() -> None:
    """Start everything, look, and print it."""
    signing, hearing = Path("/run/estu/listen-running"), Path("/run/estu/hearing.json")
    told: dict[str, object] = {"failed units": systemctl("--failed", "--plain", "--no-legend")}
    for service in SERVICES:
        systemctl("start", "--no-block", f"{service}.service")
    up = wait(lambda: all(shown(service)["ActiveState"] == "active" for service in SERVICES))
    wait(lambda: hearing.exists() and b'"lost"' in hearing.read_bytes())
    told["up"], told["marked"] = up, signing.exists()
    wait(lambda: shown("estu-sync")["StatusText"].count("127.0.0.1"))
    told["hearing"] = hearing.read_text() if hearing.exists() else None
    updates = Path("/var/lib/estu/updates.json")
    wait(updates.exists)
    told["updates"] = updates.read_text() if updates.exists() else None
    told["services"] = {service: shown(service) for service in SERVICES}
    told["probes"] = {service: probed(service) for service in SERVICES}
    # A loop that hangs, though the process runs.
    os.kill(int(shown("estu-listen")["MainPID"]), signal.SIGSTOP)
    told["watched"] = wait(
        lambda: shown("estu-listen")["NRestarts"] != "0" and shown("estu-listen")["ActiveState"] == "active"
    )
    told["after the watchdog"] = shown("estu-listen")
    for service in SERVICES:
        systemctl("stop", f"{service}.service")
    told["stopped"] = {service: shown(service)["Result"] for service in SERVICES}
    told["mark left"] = signing.exists()
    told["ended"] = Path("/run/estu/listen-ended").read_text()
    command = [
        "journalctl",
        "--output=json",
        "--no-pager",
        "--unit=estu-listen",
        "--unit=estu-sync",
        "--unit=estu-page",
    ]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    told["journal"] = [
        {
            name: entry.get(name)
            for name in ("SYSLOG_IDENTIFIER", "PRIORITY", "CODE_FUNC", "LOGGER", "ESTU_INCIDENT", "MESSAGE")
        }
        for entry in map(json.loads, lines)
    ]
    from device.record.log_reader import LogReader

    with LogReader.read(Path("/var/lib/estu/log.sqlite")) as log:
        told["incidents"] = [
            getattr(stored.event.report, "code", stored.type) for stored in log.events(0, 1_000)
        ]
    print(json.dumps(told))


if __name__ == "__main__":
    probe() if sys.argv[1:] == ["probe"] else main()
