"""How the booted image is asked: what `inside.py` is started by, and what it has said."""

import json
from typing import Any

from tests.boot.inside import SAY

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


def asked(*words: str) -> str:
    """Give what is added to the kernel's command line so that `inside.py` runs with these words."""
    # Limits on time that are right for a box are short for an emulated processor.
    patient = "systemd.default_timeout_start_sec=1800 systemd.default_device_timeout_sec=1800"
    return f"{patient} init=/bin/sh -- /data/trial/begin {' '.join(words)}"


def answers(console: list[str]) -> dict[str, Any]:
    """Collect what was said inside, by what it is about."""
    said = (line.partition(SAY)[2] for line in console if SAY + "{" in line)
    return {found["what"]: found for found in map(json.loads, said)}
