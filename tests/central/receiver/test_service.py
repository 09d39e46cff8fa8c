"""The receiver as a service: what its unit file promises, and that its command is one."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from central.__main__ import parser

UNIT = Path(__file__).parents[3] / "central" / "receiver" / "estu-receiver@.service"
FILLED = {"${BROKER}": "mqtts://b", "${DATABASE}": "sqlite:///x", "%d": "/c", "%H": "host", "%i": "1"}
EXPOSURE = 2.0  # of systemd-analyze security; 10 is everything


def test_its_command_is_understood() -> None:
    text = UNIT.read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    for name, value in FILLED.items():
        assert name in line
        line = line.replace(name, value)
    asked = parser().parse_args(shlex.split(line)[1:])
    assert (asked.broker, asked.database) == ("mqtts://b", "sqlite:///x")
    assert (asked.signing_key, asked.name) == (Path("/c/platform.pem"), "receiver-host-1")


def test_it_has_no_more_than_it_needs() -> None:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    exposure = re.search(r"exposure level for \S+: (\d+\.\d)", told.stdout)
    assert exposure is not None, told.stderr
    assert float(exposure[1]) <= EXPOSURE


@pytest.mark.parametrize("promise", ["Type=notify", "WatchdogSec=120", "Restart=always"])
def test_it_is_started_anew_when_it_hangs_or_ends(promise: str) -> None:
    assert promise in UNIT.read_text().splitlines()
