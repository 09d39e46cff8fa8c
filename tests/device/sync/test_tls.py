"""Whom a box believes, also while it does not know what day it is."""

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.errors import Waiting
from device.host.clock import ClockState, Instant
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.signing_key import SigningKey
from device.sync import no_broker, state, tls
from device.sync.link import Link, Tls
from tests.simulated.authority import Authority
from tests.simulated.broker import ShippedBroker
from tests.simulated.reports import INCIDENT

BOX = "kz-ala-0001"
BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"
TODAY = datetime.now(UTC)
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path_factory.mktemp("broker")) as running:
        running.boxes.issue(BOX, running.folder / "box.crt", running.folder / "box.key")
        yield running


def instant(utc: datetime, state: ClockState) -> Instant:
    return Instant(utc, 100.0, BOOT, state, None)


def greet(port: int, authority: Path, now: Instant | None, name: str = "localhost") -> None:
    """Make a TLS connection as `estu sync` does.

    Raises:
        ssl.SSLError: The other side is not believed.
    """
    context = tls.context(Tls(authority, None, None), now)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False) as talk,
    ):
        talk.do_handshake()


@pytest.mark.parametrize("state", ["unsynchronised", "unknown"])
@pytest.mark.parametrize("says", [datetime(1970, 1, 1, tzinfo=UTC), TODAY - timedelta(days=300), TODAY])
def test_a_clock_that_nobody_has_set_does_not_keep_a_box_offline(
    broker: ShippedBroker, says: datetime, state: ClockState
) -> None:
    greet(broker.port, broker.server_authority, instant(says, state))


@pytest.mark.parametrize("state", ["synchronised", "unsynchronised"])
def test_a_certificate_that_ended_before_a_moment_that_has_passed_is_refused(
    tmp_path: Path, state: ClockState
) -> None:
    ended = ShippedBroker(tmp_path)
    certificates = tmp_path / "certs"
    certificates.mkdir()
    ended.servers.issue("localhost", certificates / "broker.crt", certificates / "broker.key", days=-1)
    with ended, pytest.raises(ssl.SSLCertVerificationError) as refused:
        greet(ended.port, ended.server_authority, instant(TODAY, state))
    named = no_broker.unreachable(Link("localhost", ended.port, BOX, None), refused.value)
    assert named.code == "broker-untrusted"
    assert "expired" in named.message
    assert named.advice == "Check this box's clock first."


@pytest.mark.parametrize("says", [TODAY, datetime(1970, 1, 1, tzinfo=UTC)])
def test_without_a_clock_everything_else_is_checked_as_ever(
    broker: ShippedBroker, tmp_path: Path, says: datetime
) -> None:
    Authority("Somebody else").write_certificate(tmp_path / "other.crt")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed|unable to get"):
        greet(broker.port, tmp_path / "other.crt", instant(says, "unsynchronised"))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greet(broker.port, broker.server_authority, instant(says, "unsynchronised"), "evil.example")


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(Waiting) as waiting:
        tls.context(Tls(tmp_path / "none.pem", None, None), instant(TODAY, "unsynchronised"))
    assert waiting.value.code == "tls-files"


def settings(folder: Path, broker: ShippedBroker) -> Path:
    (folder / "platform.jwks").write_bytes(Jwks.of([SigningKey.create(None).public]).as_json())
    path = folder / "settings.toml"
    path.write_text(
        f"""
[box]
id = "{BOX}"
[paths]
log = "log.sqlite"
signing_key = "signing.pem"
[broker]
url = "{broker.url}"
ca = "{broker.server_authority}"
certificate = "{broker.folder}/box.crt"
key = "{broker.folder}/box.key"
platform_keys = "platform.jwks"
"""
    )
    return path


def log_of(folder: Path) -> Path:
    """Make a log with one event of long ago, as a box has it that was never online."""
    with EventLog.open(folder / "log.sqlite", BOX, SigningKey.create(BOX)) as log:
        log.append(INCIDENT, instant(datetime(2026, 11, 2, tzinfo=UTC), "unsynchronised"))
    return folder / "log.sqlite"


def test_estu_sync_connects_although_the_machines_clock_starts_in_1970(
    broker: ShippedBroker, tmp_path: Path
) -> None:
    assert FAKETIME is not None, "apt install libfaketime"
    in_1970 = {
        **os.environ,
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME": "@1970-01-01 00:00:30",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    plain = "import ssl, socket, sys; from datetime import datetime; print(datetime.now().year, flush=True)\n"
    plain += f"c = ssl.create_default_context(cafile={str(broker.server_authority)!r})\n"
    plain += (
        f"c.wrap_socket(socket.create_connection(('127.0.0.1', {broker.port})), server_hostname='localhost')"
    )
    refused = subprocess.run(
        [sys.executable, "-c", plain], env=in_1970, capture_output=True, text=True, check=False
    )
    assert refused.stdout.split() == ["1970"]
    assert "certificate is not yet valid" in refused.stderr  # what this is about

    log_of(tmp_path)
    command = [sys.executable, "-m", "device", "sync", "--settings", str(settings(tmp_path, broker))]
    with (tmp_path / "said").open("w") as said:
        syncing = subprocess.Popen(command, env=in_1970, stdout=said, stderr=said)
    try:
        until = time.monotonic() + 90
        while not ((now := state.read(tmp_path / "sync.json")) and now.connected):
            assert syncing.poll() is None, (tmp_path / "said").read_text()
            assert time.monotonic() < until, (tmp_path / "said").read_text()
            time.sleep(0.05)
        assert now.written.year == 1970
    finally:
        syncing.terminate()
        syncing.wait(60)
