"""The page as a service: a process of its own, as the service manager starts it."""

import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.errors import Refused
from device.page.server import Address, sockets
from device.record.log import EventLog
from device.record.signing_key import SigningKey
from tests.device.page import house as houses
from tests.device.page.house import BOX

PATIENCE = 120  # seconds; these machines are shared

# What PrivateNetwork= and ProtectSystem=strict do, with the kernel's own means: no network, not even to itself, and
# nothing that can be written. Then the door is handed over as sd_listen_fds(3) has it.
CONFINED = """
mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}
exec 3<&{door}
export LISTEN_FDS=1 LISTEN_PID=$$
exec {python} -m device page --settings {settings}
"""


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def read(address: str, path: str = "/") -> str:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def test_it_serves_where_it_is_told_and_ends_in_order(tmp_path: Path) -> None:
    house = houses.build(tmp_path, [])
    command = [
        sys.executable,
        "-m",
        "device",
        "page",
        "--settings",
        str(house.settings),
        "--listen",
        "127.0.0.1:0",
    ]
    with running(command) as process:
        assert process.stderr
        told = re.search(r"http://(127\.0\.0\.1:[1-9]\d*)", process.stderr.readline())
        assert told
        assert "Есту" in read(told[1])
    assert process.returncode in (0, -15)


def test_without_any_network_it_answers_through_the_door_that_it_was_handed(tmp_path: Path) -> None:
    house = houses.build(tmp_path, [])
    key = SigningKey.create(BOX)
    now = datetime.now(UTC)
    with (
        socket.create_server(("127.0.0.1", 0)) as door,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        EventLog.open(house.log, BOX, key) as log,  # `estu listen` has it open
    ):
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        script = CONFINED.format(
            folder=tmp_path, door=door.fileno(), python=sys.executable, settings=house.settings
        )
        command = ["unshare", "--map-root-user", "--net", "--mount", "bash", "-ec", script]
        tried = subprocess.run([*command[:4], "true"], check=False, capture_output=True)
        if tried.returncode:
            pytest.skip("this machine lets nobody make namespaces")
        notified = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        with running(command, pass_fds=[door.fileno()], env=notified):
            told = [manager.recv(1_000).decode() for _ in range(2)]
            assert any("READY=1" in each for each in told)
            assert any("WATCHDOG=1" in each for each in told)
            address = f"127.0.0.1:{door.getsockname()[1]}"
            assert "Қараторғай" not in read(address)
            log.append(houses.play(3, now - timedelta(minutes=3)), houses.instant(now))
            assert "Қараторғай" in read(address)


@pytest.mark.parametrize(
    "text", ["", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", ":80"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        Address.read(text)
    assert refusal.value.code == "address-invalid"


def test_an_address_of_either_family_is_understood() -> None:
    assert Address.read("[::1]:8080") == Address("::1", 8080)
    assert Address.read("0.0.0.0:80") == Address("0.0.0.0", 80)  # noqa: S104 - only read


def test_a_port_that_is_taken_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Refused) as refusal:
        sockets(Address("127.0.0.1", taken.getsockname()[1]))
    assert refusal.value.code == "address-taken"
