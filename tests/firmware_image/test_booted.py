"""The promises of the three units, tried out: real systemd, the real units, the real services in their sandboxes."""

import json
from pathlib import Path
from typing import Any

import pytest

from device.record.keys import Jwks
from device.record.signing_key import SigningKey
from tests.device.catalogue.made_up import write_usable
from tests.simulated.machine import REPOSITORY, Machine, cannot_boot
from tests.simulated.publisher import Publisher

UNITS = REPOSITORY / "firmware-image" / "units"
BOX = "estu-0001"

pytestmark = [
    pytest.mark.skipif(cannot_boot() is not None, reason=cannot_boot() or ""),
    pytest.mark.timeout(600),
]


def furnished(path: Path) -> Machine:
    """Give a machine the box's units, an identity and a catalogue."""
    machine = Machine(path)
    places = {".service": "/usr/lib/systemd/system", ".socket": "/usr/lib/systemd/system"}
    for unit in UNITS.iterdir():
        where = places.get(unit.suffix)
        if unit.name.endswith("sysusers.conf"):
            where = "/usr/lib/sysusers.d"
        elif unit.name.endswith("tmpfiles.conf"):
            where = "/usr/lib/tmpfiles.d"
        if where:
            machine.put(f"{where}/{unit.name}", unit.read_text())
    # The test need not wait as long for the watchdog as a box does.
    short = "[Service]\nWatchdogSec=10\nRestartSec=0\n"
    machine.put("/etc/systemd/system/estu-listen.service.d/short.conf", short)
    SigningKey.create(BOX).save(path / "signing.pem")
    for name in ("signing.pem", "tls-key.pem"):
        machine.put(f"/etc/estu/{name}", (path / "signing.pem").read_text(), 0o600)
    machine.put("/etc/estu/label-code.scrypt", "not a hash of anything", 0o600)
    machine.put("/etc/estu/root.json", Publisher(path / "publisher").root.read_text())
    machine.put("/etc/estu/platform.jwks", Jwks.of([SigningKey.create(None).public]).as_json().decode())
    machine.put(
        "/etc/estu/settings.toml",
        f'[box]\nid = "{BOX}"\nvenue = "Opera"\n[paths]\ncatalogue = "/opt/catalogue"\n'
        '[broker]\nurl = "mqtt://127.0.0.1:1"\n'
        '[updates]\nurl = "http://127.0.0.1:1"\nevery = 2\n',
    )
    return machine


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the machine tells, once, for all tests."""
    path = tmp_path_factory.mktemp("machine")
    machine = furnished(path)
    write_usable(path / "over" / "opt" / "catalogue")
    script = (REPOSITORY / "tests" / "simulated" / "inside_the_machine.py").read_text()
    found: dict[str, Any] = json.loads(machine.run(script))
    return found


def test_the_three_services_start_and_say_in_words_what_they_do(told: dict[str, Any]) -> None:
    assert told["up"], (told["services"], told["journal"])
    assert told["failed units"] == ""
    for service, shown in told["services"].items():
        assert (shown["SubState"], shown["NRestarts"]) == ("running", "0"), service
        assert shown["StatusText"].endswith("."), service
    assert "microphone" in told["services"]["estu-listen"]["StatusText"]
    assert "127.0.0.1:1" in told["services"]["estu-sync"]["StatusText"]
    assert json.loads(told["hearing"])["state"] == "lost"  # there is no card that ALSA would know


def test_updates_are_looked_for_in_the_senders_sandbox(told: dict[str, Any]) -> None:
    said = json.loads(told["updates"])
    assert said["trouble"]["code"] == "updates-away", said
    assert said["checked"] is None


def test_in_the_listeners_sandbox_no_socket_but_a_local_one_can_be_made(told: dict[str, Any]) -> None:
    listen = told["probes"]["estu-listen"]
    sockets = listen["sockets"]
    assert sockets.pop("AF_UNIX") == "done"
    assert set(sockets.values()) == {"EAFNOSUPPORT"}, sockets
    assert listen["interfaces"] in ([], ["lo"])
    assert listen["sound"] == "done"  # what it is there for


def test_in_the_senders_sandbox_no_sound_device_can_be_opened_or_made(told: dict[str, Any]) -> None:
    sync = told["probes"]["estu-sync"]
    assert sync["sound"] == "ENOENT"
    assert sync["make a sound device"] == "EPERM"
    assert sync["sockets"]["AF_INET"] == "done"
    assert {sync["sockets"][name] for name in ("AF_NETLINK", "AF_PACKET", "AF_ALG", "AF_BLUETOOTH")} == {
        "EAFNOSUPPORT"
    }


def test_the_page_has_neither_a_microphone_nor_a_way_out(told: dict[str, Any]) -> None:
    page = told["probes"]["estu-page"]
    assert page["sound"] == "ENOENT"
    sockets = page["sockets"]
    assert sockets.pop("AF_UNIX") == "done"
    assert "done" not in sockets.values(), sockets


def test_each_key_is_read_by_the_one_service_that_uses_it(told: dict[str, Any]) -> None:
    readers = {
        key: [name for name, found in told["probes"].items() if found["read"][key] == "done"]
        for key in told["probes"]["estu-listen"]["read"]
    }
    assert readers == {
        "/etc/estu/signing.pem": ["estu-listen"],
        "/etc/estu/tls-key.pem": ["estu-sync"],
        "/etc/estu/label-code.scrypt": ["estu-page"],
        "/etc/estu/settings.toml": ["estu-listen", "estu-sync", "estu-page"],
    }


def test_a_service_writes_to_its_own_folders_and_to_memory_that_ends_with_it(told: dict[str, Any]) -> None:
    own = {
        "estu-listen": {"/var/lib/estu", "/run/estu"},
        "estu-sync": {"/var/lib/estu"},
        "estu-page": {"/run/estu"},
    }
    private = {"/tmp", "/var/tmp", "/dev/shm"}  # noqa: S108 - each service has its own, empty ones
    for service, folders in own.items():
        written = {name for name, result in told["probes"][service]["write"].items() if result == "done"}
        assert written - private == folders, service


def test_the_page_may_mute_and_not_say_what_is_heard(told: dict[str, Any]) -> None:
    page, sync = told["probes"]["estu-page"], told["probes"]["estu-sync"]
    assert (page["mute"], page["say what is heard"]) == ("done", "EPERM")
    assert (sync["mute"], sync["say what is heard"]) == ("EACCES", "EACCES")


def test_services_may_ask_the_clock_and_not_set_it_nor_mount_nor_be_root(told: dict[str, Any]) -> None:
    for service, found in told["probes"].items():
        assert found["set the clock"] == found["mount"] == "EPERM", service
        assert found["user"] != 0
    assert told["probes"]["estu-listen"]["ask the clock"] == "done"
    assert told["probes"]["estu-sync"]["ask the clock"] == "done"
    assert told["probes"]["estu-sync"]["run own code"] == "EPERM"


def test_a_loop_that_hangs_is_started_anew_and_that_stands_in_the_log(told: dict[str, Any]) -> None:
    assert told["watched"], told["after the watchdog"]
    boots = [index for index, code in enumerate(told["incidents"]) if code == "kz.estu.boot.v1"]
    assert len(boots) == 2, told["incidents"]
    assert "watchdog" in told["incidents"][boots[1] :]
    assert told["incidents"][: boots[1]].count("watchdog") == 0


def test_an_orderly_stop_leaves_no_mark(told: dict[str, Any]) -> None:
    assert set(told["stopped"].values()) == {"success"}
    assert told["ended"].startswith("success")
    assert told["marked"]
    assert not told["mark left"]


def test_the_journal_has_fields_not_only_lines(told: dict[str, Any]) -> None:
    ours = [entry for entry in told["journal"] if str(entry["SYSLOG_IDENTIFIER"]).startswith("estu-")]
    assert {"estu-listen", "estu-sync"} <= {entry["SYSLOG_IDENTIFIER"] for entry in ours}, told["journal"]
    assert all(entry["PRIORITY"] and entry["LOGGER"] for entry in ours)
    assert "microphone-lost" in {entry["ESTU_INCIDENT"] for entry in ours}
