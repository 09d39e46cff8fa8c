"""The promises that anybody can read off the services' unit files."""

import re
import shlex
import subprocess
from ipaddress import ip_network
from pathlib import Path

import pytest

from device.__main__ import parser
from device.sound import microphone
from provisioning.box import Box
from provisioning.settings_file import Places, settings

UNITS = Path(__file__).parents[2] / "firmware-image" / "units"
SERVICES = ["estu-listen", "estu-sync", "estu-page"]


def unit(name: str, kind: str = "service") -> dict[str, list[str]]:
    """The values of each key, in order; systemd allows a key more than once."""
    values: dict[str, list[str]] = {}
    for line in (UNITS / f"{name}.{kind}").read_text().splitlines():
        if re.match(r"[A-Z][A-Za-z]+=", line):
            key, _, value = line.partition("=")
            values.setdefault(key, []).append(value)
    return values


def test_the_service_that_hears_has_no_network() -> None:
    listen = unit("estu-listen")
    assert listen["PrivateNetwork"] == ["yes"]
    assert listen["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert listen["IPAddressDeny"] == ["any"]
    assert listen["DeviceAllow"] == ["char-alsa rw", "char-gpiochip rw"]


def test_the_service_with_the_network_has_no_microphone_and_no_signing_key() -> None:
    sync = unit("estu-sync")
    assert sync["PrivateDevices"] == ["yes"]
    assert "DeviceAllow" not in sync
    assert "SupplementaryGroups" not in sync
    assert sync["InaccessiblePaths"] == ["-/etc/estu/signing.pem", "-/run/estu"]


def test_the_page_has_no_microphone_no_key_and_no_way_out() -> None:
    page = unit("estu-page")
    assert page["PrivateNetwork"] == page["PrivateDevices"] == ["yes"]
    assert page["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert page["InaccessiblePaths"] == ["-/etc/estu/signing.pem -/etc/estu/tls-key.pem"]
    assert "DeviceAllow" not in page
    assert "SupplementaryGroups" not in page


def test_the_page_is_answered_from_the_house_only() -> None:
    door = unit("estu-page", "socket")
    assert door["ListenStream"] == ["80"]
    assert door["IPAddressDeny"] == ["any"]
    for allowed in door["IPAddressAllow"][0].split():
        assert allowed in ("localhost", "link-local") or ip_network(allowed).is_private
    assert unit("estu-page")["Requires"] == ["estu-page.socket"]


@pytest.mark.parametrize(
    ("service", "folders"),
    [
        ("estu-listen", ["/var/lib/estu /run/estu", "-/sys/class/leds/estu"]),
        ("estu-sync", ["/var/lib/estu"]),
        ("estu-page", ["/run/estu"]),
    ],
)
def test_a_service_writes_to_nothing_but_its_folders(service: str, folders: list[str]) -> None:
    values = unit(service)
    assert values["ProtectSystem"] == ["strict"]
    assert values["ReadWritePaths"] == folders
    assert values["PrivateTmp"] == values["ProtectHome"] == ["yes"]
    assert "StateDirectory" not in values


@pytest.mark.parametrize("service", ["estu-listen", "estu-sync"])
def test_a_service_may_ask_the_clock_and_never_set_it(service: str) -> None:
    values = unit(service)
    assert values["SystemCallFilter"][-1] == "adjtimex clock_adjtime"
    assert values["CapabilityBoundingSet"] == values["AmbientCapabilities"] == [""]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_ends_is_started_again_for_ever(service: str) -> None:
    values = unit(service)
    assert values["Type"] == ["notify"]
    assert values["Restart"] == ["always"]
    assert values["StartLimitIntervalSec"] == ["0"]
    assert int(values["RestartSteps"][0]) > 1  # the pauses grow
    assert int(values["RestartSec"][0]) < int(values["RestartMaxDelaySec"][0])


def test_a_listener_that_hung_is_back_before_its_microphone_is_missed() -> None:
    """Systemd counts restarts until the machine ends its run: sooner or later each pause is the longest."""
    assert microphone._CLOSES_WITHIN + int(unit("estu-listen")["RestartMaxDelaySec"][0]) <= 12.0


def test_a_service_that_hangs_is_started_again() -> None:
    assert unit("estu-listen")["WatchdogSec"] == ["30"]
    assert unit("estu-sync")["WatchdogSec"] == ["120"]
    assert unit("estu-page")["WatchdogSec"] == ["60"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_exposure_is_at_most_2_of_10(service: str) -> None:
    words = ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20"]
    checked = subprocess.run(
        [*words, UNITS / f"{service}.service"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"Overall exposure level for {service}.service" in checked.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_a_command_that_exists(service: str) -> None:
    program, *words = shlex.split(unit(service)["ExecStart"][0])
    assert program == "/usr/bin/estu"
    arguments = parser().parse_args(words)
    assert arguments.settings == Path("/etc/estu/settings.toml")


def test_units_and_settings_agree_on_where_things_lie() -> None:
    written = settings(Box("estu-0001", "Опера", "Main", "kk"), "mqtts://b.example:8883", Places.shipped())
    state = unit("estu-listen")["ReadWritePaths"][0].split()[0]
    assert f'log = "{state}/log.sqlite"' in written
    assert f'signing_key = "{unit("estu-sync")["InaccessiblePaths"][0].removeprefix("-")}"' in written
    assert f'key = "{unit("estu-listen")["InaccessiblePaths"][0].removeprefix("-")}"' in written


def test_each_private_key_belongs_to_the_one_service_that_uses_it() -> None:
    modes = {}
    for line in (UNITS / "estu.tmpfiles.conf").read_text().splitlines():
        if line.startswith("z"):
            _, path, mode, owner, *_ = line.split()
            modes[path] = (mode, owner)
    assert modes["/etc/estu/signing.pem"] == ("0600", unit("estu-listen")["User"][0])
    assert modes["/etc/estu/tls-key.pem"] == ("0600", unit("estu-sync")["User"][0])
    assert modes["/etc/estu/label-code.scrypt"] == ("0600", "estu-page")


def test_what_udev_is_told_is_well_formed_and_names_the_users_of_the_units() -> None:
    lines = (UNITS / "70-estu.rules").read_text().splitlines()
    term = re.compile(r'([A-Z_]+)(?:\{[^{}]+\})?(==|!=|=|\+=|:=)"([^"]*)"')
    rules = [line for line in lines if line and not line.startswith("#")]
    for rule in rules:
        parts = re.split(r",\s+(?=[A-Z])", rule)
        assert all(term.fullmatch(part) for part in parts), rule
        assert any("==" in part for part in parts), rule
    told = {(found[1], found[3]) for rule in rules for found in term.finditer(rule)}
    listener = unit("estu-listen")
    assert {value for key, value in told if key == "OWNER"} == {listener["User"][0]}
    assert {value for key, value in told if key == "GROUP"} == set(listener["SupplementaryGroups"])
    assert all(listener["User"][0] in value for key, value in told if key == "RUN")
