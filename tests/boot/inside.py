"""What is asked inside the booted image, as root, by the test's own data alone; the image knows nothing of it.

The kernel's `init=` names a shell and a script on the test's data partition (`begin`), which puts one unit into /run and goes on to
systemd. That unit runs this program with the words that were given to the script; it prints what it finds to the console, a line of JSON
at a time, and switches off.
Standard library only.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

SAY = "estu-trial "
SERVICES = ("estu-listen", "estu-sync", "estu-page.socket")
_PAUSE = (
    10.0  # seconds between two looks; each starts a program, which is much work for an emulated processor
)
BEGIN = """\
mkdir -p /run/systemd/system/multi-user.target.wants
cp /data/trial/estu-trial.service /run/systemd/system/
echo "ExecStart=/usr/bin/python3 -I /data/trial/inside.py $*" >>/run/systemd/system/estu-trial.service
# A sound card of the kernel's own; what is played into its far side is heard at its near one, and else nothing, not even noise.
case " $* " in *" hall "*|*" deaf "*) mkdir -p /run/modules-load.d; echo snd-aloop >/run/modules-load.d/trial.conf ;; esac
case " $* " in *" hall "*)
    cp /data/trial/estu-trial-noise.service /run/systemd/system/
    ln -s ../estu-trial-noise.service /run/systemd/system/multi-user.target.wants/ ;;
esac
if [ -e /data/trial/ffmpeg ]; then mkdir -p /run/trial; cp /data/trial/ffmpeg /run/trial/; fi
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


def asked(*words: str) -> str:
    """Give what is added to the kernel's command line so that this program runs with these words."""
    # Limits on time that are right for a box are short for an emulated processor.
    patient = "systemd.default_timeout_start_sec=1800 systemd.default_device_timeout_sec=1800"
    return f"{patient} init=/bin/sh -- /data/trial/begin {' '.join(words)}"


def answers(console: list[str]) -> dict[str, Any]:
    """Collect what was said inside, by what it is about."""
    said = (line.partition(SAY)[2] for line in console if SAY + "{" in line)
    return {found["what"]: found for found in map(json.loads, said)}


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


def page() -> dict[str, object]:
    """Ask for the box's page as a browser would."""
    try:
        with urllib.request.urlopen("http://127.0.0.1/", timeout=300) as answer:
            return {
                "status": answer.status,
                "title": re.findall("<title>(.*?)</title>", answer.read().decode()),
            }
    except OSError as error:
        return {"status": 0, "title": str(error)}


def usb_sound_cards() -> list[dict[str, str]]:
    """Let the USB sound cards fall asleep, and say what the image's rules for udev make of them when it looks at them again."""
    found = []
    for control in sorted(Path("/sys/class/sound").glob("controlC*")):
        device = next((each for each in control.resolve().parents if (each / "idVendor").exists()), None)
        if device is None:
            continue
        (device / "power/control").write_text("auto")
        told("udevadm", "trigger", "--settle", "--action=change", str(device))
        node = Path("/dev/snd", control.name)
        found.append(
            {
                "name": (device / "product").read_text().strip(),
                "power": (device / "power/control").read_text().strip(),
                "node": f"{node.group()} {node.stat().st_mode & 0o777:o}",
            }
        )
    return found


def look() -> None:
    """Say what came up, and how."""
    started = wait(
        "services",
        1800,
        lambda: told("systemctl", "is-active", *SERVICES).split() == ["active"] * len(SERVICES),
    )
    names = ("ActiveState", "SubState", "NRestarts", "StatusText", "User")
    say("services", started=started, services={service: shown(service, *names) for service in SERVICES})
    say("failed", units=told("systemctl", "list-units", "--failed", "--plain", "--no-legend"))
    say("ports", open=listening_ports())
    say("page", **page())
    say("usb", cards=usb_sound_cards())
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
    words = journal("estu-listen")
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


def slots() -> dict[str, object]:
    """Read which slot waits to be tried."""
    try:
        found: dict[str, object] = json.loads(Path("/data/rauc/slots.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def journal(*services: str) -> str:
    """Give what services said."""
    return told("journalctl", "--no-pager", "--output=cat", *(f"--unit={service}" for service in services))


def install() -> None:
    """Wait until an update has been brought and installed, and restart into it as at a quiet hour."""
    laid = Path("/var/lib/estu/updates/system.json")
    brought = wait("bundle", 1800, laid.exists)
    say(
        "brought",
        brought=brought,
        laid=laid.read_text() if brought else journal("estu-sync"),
        hearing=told("cat", "/run/estu/hearing.json"),
    )
    version = Path("/data/rauc/pending-version")
    installed = wait("installed", 1800, version.exists)
    say(
        "installed",
        installed=installed,
        slots=slots(),
        words=journal("estu-update", "rauc", "estu-trial-noise")[-3000:],
        hearing=told("cat", "/run/estu/hearing.json"),
    )
    if installed:
        told("systemctl", "start", "estu-update-try")
        say("trying", words=journal("estu-update-try"))
        time.sleep(600)  # the machine restarts


def judge() -> None:
    """Wait until the slot that is tried was judged; where it is left, the machine restarts before that is told."""
    at = "ExecMainExitTimestampMonotonic"
    judged = wait("judged", 2400, lambda: shown("estu-update-judge", at)[at] != "0")
    say(
        "judged",
        judged=judged,
        current=told("/usr/lib/estu/choose-slot", "get-current"),
        slots=slots(),
        words=journal("estu-update-judge"),
        release=told("grep", "IMAGE_VERSION", "/etc/os-release"),
    )


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
            case "install":
                install()
            case "judge":
                judge()
    say("done")
    subprocess.run(["systemctl", "poweroff"], check=False)


if __name__ == "__main__":
    main(sys.argv[1:])
