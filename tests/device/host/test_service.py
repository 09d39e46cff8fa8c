"""The service manager hears when the box has started and that it lives; without one, nothing happens."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from device.host import service


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Give systemd's end of the socket (sd_notify(3))."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield ear


def test_the_manager_hears_of_start_status_and_end_in_order(manager: socket.socket) -> None:
    service.ready("listening")
    service.status("күтеді: the microphone is away")
    service.stopping()
    assert [manager.recv(4096).decode() for _ in range(3)] == [
        "READY=1\nSTATUS=listening",
        "STATUS=күтеді: the microphone is away",
        "STOPPING=1",
    ]


def test_the_watchdog_is_fed_while_blocks_arrive_but_not_with_each(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [service.time.monotonic() + 10.0]  # whatever fed it before
    monkeypatch.setattr(service, "time", SimpleNamespace(monotonic=lambda: now[0]))
    for _ in range(25):
        service.alive()
        now[0] += 0.1
    assert [manager.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(4096)


def test_outside_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    service.ready("listening")
    service.status("listening")
    service.alive()
    service.stopping()


PROGRAM = """
import logging, sys
from device.host.service import log_to_journal
log_to_journal("estu-listen")
logging.getLogger("estu.sound").info("heard")
logging.getLogger("estu.sound").debug("too much")
print(type(logging.getLogger().handlers[0]).__name__)
"""


@pytest.mark.parametrize(
    ("under", "handler", "written"),
    [
        ("nothing", "StreamHandler", "estu-listen: INFO: heard\n"),
        ("the journal", "JournalHandler", ""),
        ("another program, below the journal", "StreamHandler", "estu-listen: INFO: heard\n"),
    ],
)
def test_the_log_goes_to_the_journal_only_where_the_journal_reads(
    tmp_path: Path, under: str, handler: str, written: str
) -> None:
    log = tmp_path / "stderr"
    with log.open("wb") as stderr:
        stream = os.fstat(stderr.fileno())
        environment = {key: value for key, value in os.environ.items() if key != "JOURNAL_STREAM"}
        if under == "the journal":
            environment["JOURNAL_STREAM"] = f"{stream.st_dev}:{stream.st_ino}"
        elif under != "nothing":
            environment["JOURNAL_STREAM"] = f"{stream.st_dev}:{stream.st_ino + 1}"
        command = [sys.executable, "-c", PROGRAM]
        ended = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True, check=True
        )
    assert ended.stdout.strip() == handler
    assert log.read_text() == written


def test_setting_up_the_log_twice_does_not_say_everything_twice(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        service.log_to_journal("estu-sync")
        service.log_to_journal("estu-sync")
        logging.getLogger("estu.sync").warning("away")
        assert capsys.readouterr().err == "estu-sync: WARNING: away\n"
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
