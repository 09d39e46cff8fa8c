"""What is asked inside the booted image, as root, by the test's own data alone; the image knows nothing of it.

The kernel's `init=` names a shell and a script on the test's data partition (`begin`), which puts one unit into /run and goes on to
systemd. That unit runs this program, which prints what it finds to the console, a line of JSON at a time, and switches off.
Standard library only.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SAY = "estu-trial "
SERVICES = ("estu-listen", "estu-sync", "estu-page.socket")
_PAUSE = (
    10.0  # seconds between two looks; each starts a program, which is much work for an emulated processor
)
BEGIN = """\
mkdir -p /run/systemd/system/multi-user.target.wants
cp /data/trial/estu-trial.service /run/systemd/system/
mkdir -p /run/trial
cp /data/trial/ffmpeg /run/trial/
for service in estu-listen estu-sync estu-page; do
    mkdir -p /run/systemd/system/$service.service.d
    cp /data/trial/slow.conf /run/systemd/system/$service.service.d/
done
ln -s ../estu-trial.service /run/systemd/system/multi-user.target.wants/
exec /sbin/init
"""
UNIT = """\
[Unit]
Description=What the test wants to know
After=basic.target
[Service]
Type=exec
ExecStart=/usr/bin/python3 -I /data/trial/inside.py {what}
StandardOutput=file:/dev/console
StandardError=file:/dev/console
FailureAction=poweroff-force
"""
# An emulated processor is many times slower than a box's: a start that takes long there is no fault of the services.
SLOW = """\
[Service]
TimeoutStartSec=30min
"""
# In the place of the microphone, what a file holds: by the test's own drop-in, in the listener's own sandbox.
REPLAY = """\
[Service]
Type=exec
ExecStart=
ExecStart=/usr/bin/estu replay /data/trial/evening.au --settings /etc/estu/settings.toml --start {start}
ExecStopPost=
Environment=PATH=/run/trial:/usr/bin:/bin
WatchdogSec=0
Restart=no
"""


def say(what: str, **found: object) -> None:
    """Tell one thing to the console."""
    print(
        f"\n{SAY}{json.dumps({'what': what, 'up': round(time.clock_gettime(time.CLOCK_BOOTTIME), 1), **found})}",
        flush=True,
    )


def told(*words: str) -> str:
    """Run a program and give what it says, whatever its end."""
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    return ended.stdout.strip() or ended.stderr.strip()


def shown(unit: str, *names: str) -> dict[str, str]:
    """Ask systemd about a unit."""
    lines = told("systemctl", "show", unit, *(f"--property={name}" for name in names)).splitlines()
    return dict(line.partition("=")[::2] for line in lines)


def wait(what: str, seconds: float, true: Callable[[], bool]) -> bool:
    """Wait until something holds; say it if it does not."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            say("late", waited_for=what, seconds=seconds)
            return False
        time.sleep(_PAUSE)
    return True


def listening_ports() -> list[str]:
    """List what can be reached from outside: TCP sockets that listen, UDP sockets that are bound to more than loopback."""
    found = set()
    for name, listens in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, port = local.split(":")
            if state == listens and address not in ("0100007F", "00000000000000000000000001000000"):
                found.add(f"{name.rstrip('6')} {int(port, 16)}")
    return sorted(found)


def look() -> None:
    """Say what came up, and how."""
    up = wait(
        "services",
        1800,
        lambda: told("systemctl", "is-active", *SERVICES).split() == ["active"] * len(SERVICES),
    )
    names = ("ActiveState", "SubState", "NRestarts", "StatusText", "User")
    say("services", up=up, services={service: shown(service, *names) for service in SERVICES})
    say("failed", units=told("systemctl", "list-units", "--failed", "--plain", "--no-legend"))
    say("ports", open=listening_ports())
    disk = {
        mount: told("findmnt", "-n", "-o", "SOURCE,FSTYPE,OPTIONS", mount)
        for mount in ("/", "/data", "/var", "/etc/estu", "/var/lib/estu")
    }
    say("mounts", mounts=disk)
    wait("growth", 300, lambda: shown("estu-grow.service", "ActiveState")["ActiveState"] == "active")
    room = os.statvfs("/data")
    say("data", bytes=room.f_blocks * room.f_frsize, checked=Path("/run/estu-fsck").read_text())
    say(
        "identity",
        machine=Path("/etc/machine-id").read_text().strip(),
        kept=Path("/data/machine-id").read_text().strip(),
        hostname=Path("/proc/sys/kernel/hostname").read_text().strip(),
        owners={
            p.name: f"{p.owner()} {p.stat().st_mode & 0o777:o}" for p in sorted(Path("/etc/estu").iterdir())
        },
    )
    say(
        "memory",
        swaps=Path("/proc/swaps").read_text().splitlines()[1:],
        free=Path("/proc/meminfo").read_text().splitlines()[:3],
    )
    say(
        "slot",
        current=told("/usr/lib/estu/choose-slot", "get-current"),
        rauc=told("rauc", "status", "--output-format=shell"),
    )
    say("release", text=told("grep", "IMAGE_VERSION", "/etc/os-release"), python=sys.version.split()[0])
    say("chrony", running=shown("chrony", "ActiveState")["ActiveState"])


def hang() -> None:
    """Stop the listener in its tracks, and see that it is started anew."""
    before = shown("estu-listen", "MainPID", "NRestarts")
    os.kill(int(before["MainPID"]), signal.SIGSTOP)
    restarted = wait(
        "watchdog",
        600,
        lambda: int(shown("estu-listen", "NRestarts")["NRestarts"]) > int(before["NRestarts"]),
    )
    words = told("journalctl", "--unit=estu-listen", "--no-pager", "--output=cat")
    back = wait("listener", 600, lambda: shown("estu-listen", "ActiveState")["ActiveState"] == "active")
    say("watchdog", restarted=restarted, back=back, said=bool(re.search("[Ww]atchdog timeout", words)))


def replay(start: str) -> None:
    """Let the listener's service hear the file, and wait for the platform's receipt."""
    folder = Path("/run/systemd/system/estu-listen.service.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "replay.conf").write_text(REPLAY.format(start=start))
    told("systemctl", "daemon-reload")
    begun = time.monotonic()
    told("systemctl", "restart", "estu-listen")
    wait("replay", 1800, lambda: shown("estu-listen", "ActiveState")["ActiveState"] in ("inactive", "failed"))
    say(
        "replay",
        result=shown("estu-listen", "Result", "ExecMainStatus"),
        seconds=round(time.monotonic() - begun),
        words=told("journalctl", "--unit=estu-listen", "--no-pager", "--output=cat", "--lines=5"),
    )
    status: dict[str, object] = {}

    def delivered() -> bool:
        try:
            status.update(json.loads(told("estu", "status", "--json")))
        except ValueError:
            return False
        return bool(status.get("head")) and status.get("waiting") == 0

    say("receipt", delivered=wait("receipt", 600, delivered), status=status)


def update() -> None:
    """Wait for what an update does; the machine restarts by itself."""
    for _ in range(600):
        say(
            "update",
            journal=told(
                "journalctl",
                "--unit=estu-update",
                "--unit=estu-update-try",
                "--unit=estu-update-judge",
                "--unit=rauc",
                "--no-pager",
                "--output=cat",
                "--lines=3",
            ),
            slots=told("cat", "/data/rauc/slots.json"),
        )
        time.sleep(20)


def main(what: list[str]) -> None:
    """Do what the test asks, in order, and switch off."""
    say("begun", cpus=os.cpu_count())
    for each in what:
        name, _, word = each.partition("=")
        match name:
            case "look":
                look()
            case "hang":
                hang()
            case "replay":
                replay(word)
            case "update":
                update()
    say("done")
    subprocess.run(["systemctl", "poweroff"], check=False)


if __name__ == "__main__":
    main(sys.argv[1:])
