"""A platform restored from yesterday's backup heals: its lower receipts make the real box send again."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from device.record.receipt_ledger import ReceiptLedger
from tests.central.receiver.conftest import retained
from tests.simulated.broker import Broker
from tests.simulated.postgresql import PostgreSql
from tests.simulated.receiver import ReceiverProcess
from tests.simulated.venue import Venue, wait_until

SETTINGS = """\
[box]
id = "kz-ala-0001"

[broker]
url = "{url}"
platform_keys = "platform.jwks"

[paths]
log = "log.sqlite"
"""


@contextmanager
def estu_sync(venue: Venue, broker: Broker) -> Iterator[None]:
    """Run the box's own command, as it is shipped."""
    settings = venue.folder / "settings.toml"
    settings.write_text(SETTINGS.format(url=broker.url))
    (venue.folder / "platform.jwks").write_bytes(venue.platform.as_json())
    command = [sys.executable, "-m", "device", "sync", "--settings", str(settings)]
    with (venue.folder / "sync.words").open("wb") as words:
        running = subprocess.Popen(command, stdout=words, stderr=words)
    try:
        yield
        assert running.poll() is None, (venue.folder / "sync.words").read_text()
    finally:
        running.terminate()
        running.wait(60)


def back_up(receiver: ReceiverProcess, server: PostgreSql, to: Path) -> None:
    """Do what central/receiver/README.md advises, while the receiver is at work."""
    url = make_url(receiver.database_url)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(receiver.database)) as ledger, closing(sqlite3.connect(to)) as backup:
            ledger.backup(backup)
    else:
        to.write_bytes(server.run("pg_dump", "--format=custom", str(url.database)))


def restore(receiver: ReceiverProcess, server: PostgreSql, backup: Path) -> None:
    """Put the backup in the place of what is there."""
    url = make_url(receiver.database_url)
    if url.get_backend_name() == "sqlite":
        for path in receiver.folder.glob("ledger.sqlite*"):
            path.unlink()
        shutil.copy(backup, receiver.database)
    else:
        server.run("dropdb", str(url.database))
        server.run("createdb", str(url.database))
        server.run("pg_restore", "--dbname", str(url.database), str(backup))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_platform_restored_from_yesterdays_backup_has_everything_again(
    kind: str, tmp_path: Path, broker: Broker, postgresql: PostgreSql
) -> None:
    url = postgresql.create() if kind == "postgresql" else ""
    receiver = ReceiverProcess(tmp_path / "platform", ["--broker", broker.url], database_url=url)
    venue = Venue.at(tmp_path / "box", receiver.platform, broker.url)
    receiver.register(venue.key.public)
    with closing(venue.log), estu_sync(venue, broker):
        with receiver:
            venue.hear(30)
            venue.wait_for_receipt(30)
            back_up(receiver, postgresql, tmp_path / "yesterday")
            venue.hear(50)
            venue.wait_for_receipt(80)
            receiver.stop()
        receiver.look_away()
        restore(receiver, postgresql, tmp_path / "yesterday")
        assert len(receiver.account().counted(venue.name)) == 30
        with receiver:
            wait_until(lambda: len(receiver.account().counted(venue.name)) == 80, "all is there again")
            head = venue.log.events(79, 1)[0].hash
            wait_until(lambda: retained(broker, receiver.platform)[venue.name].head == head, "and receipted")
            venue.wait_for_receipt(80)
        log = venue.log.events(0, 1_000)
        assert [event.jws for event in receiver.account().counted(venue.name)] == [one.jws for one in log]
        assert list(receiver.account().quarantined()) == []
        with ReceiptLedger.open(venue.log_path) as kept:
            assert kept.receipt_through() == 80
