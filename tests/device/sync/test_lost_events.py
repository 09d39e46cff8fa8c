"""A card that loses events before the platform has them, or after: box, broker and receiver end with one account."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device.record import head_mark, suspicion
from device.record.generations import newest
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.log_verification import verify_file
from device.record.pages import PAGE
from device.sync.link import from_url
from tests.simulated.broker import Broker
from tests.simulated.receiver import ReceiverProcess
from tests.simulated.venue import Venue, wait_until


@pytest.fixture
def receiver(tmp_path: Path, broker: Broker) -> Iterator[ReceiverProcess]:
    receiver = ReceiverProcess(tmp_path / "platform", ["--broker", broker.url])
    yield receiver
    receiver.kill()


@pytest.fixture
def venue(tmp_path: Path, broker: Broker, receiver: ReceiverProcess) -> Iterator[Venue]:
    """A box with a log and without `estu sync`."""
    venue = Venue(tmp_path / "box", receiver.platform, [from_url(broker.url, "kz-ala-0001")])
    receiver.register(venue.key.public)
    yield venue
    venue.stop()
    venue.log.close()


def at_the_database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def one_account(venue: Venue, receiver: ReceiverProcess, events: int) -> None:
    """Wait until all is receipted; the platform counts each event of the log, and as many as are expected."""
    head = venue.log.head()
    assert head is not None
    venue.wait_for_receipt(head.seq)
    counted = [event.jws for event in receiver.account().counted(venue.name, limit=1_000)]
    assert len(counted) == events
    assert {stored.jws for stored in venue.log.events(0, 1_000)} <= set(counted)
    assert venue.log.waiting() == 0
    assert verify_file(venue.log_path, Jwks.of([venue.key.public]), receiver.platform).fault is None


def test_the_platform_goes_on_behind_events_that_the_card_lost_before_it_had_them(
    venue: Venue, receiver: ReceiverProcess
) -> None:
    venue.hear(30)
    venue.log.close()
    at_the_database(
        venue.log_path,
        "UPDATE event SET jws = x'00' WHERE seq IN (11, 12)",
        "DELETE FROM event WHERE seq = 20",
    )
    venue.log = EventLog.open(venue.log_path, venue.name, venue.key)
    venue.hear(1)
    with receiver:
        venue.start()
        one_account(venue, receiver, 27 + 2)


def test_what_rots_while_it_waits_is_found_when_it_is_sent_and_holds_up_nothing_behind_it(
    venue: Venue, receiver: ReceiverProcess
) -> None:
    venue.hear(200)
    at_the_database(venue.log_path, "UPDATE event SET jws = x'00' WHERE seq = 50")
    with receiver:
        venue.start()
        wait_until(lambda: venue.trouble == "log-damaged", "the box says that its log is damaged")
        assert suspicion.read(venue.log_path) is not None
        venue.log.close()
        venue.log = EventLog.open(venue.log_path, venue.name, venue.key)
        venue.hear(1)
        one_account(venue, receiver, 199 + 2)


@pytest.mark.parametrize("table", ["receipt", "lost"])
def test_a_page_that_rots_under_sync_is_waited_for_until_the_listener_has_looked(
    table: str, venue: Venue, receiver: ReceiverProcess
) -> None:
    venue.hear(20)
    with receiver:
        venue.start()
        venue.wait_for_receipt(20)
        venue.stop()
        venue.hear(5)
        venue.log.close()
        with closing(sqlite3.connect(venue.log_path)) as log:
            question = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
            (page,) = log.execute(question, (table,)).fetchone()
        with venue.log_path.open("r+b") as file:
            file.seek((page - 1) * PAGE)
            file.write(b"\xa5" * PAGE)
        venue.start()
        wait_until(lambda: venue.trouble == "log-damaged", "the box says that its log is damaged")
        assert suspicion.read(venue.log_path) is not None
        venue.log = EventLog.open(venue.log_path, venue.name, venue.key)
        assert newest(venue.log_path) != venue.log_path
        venue.hear(1)
        one_account(venue, receiver, 25 + 2)


def test_a_card_that_forgot_what_the_platform_has_ends_with_one_account(
    venue: Venue, receiver: ReceiverProcess, tmp_path: Path
) -> None:
    venue.hear(15)
    with receiver:
        venue.start()
        venue.wait_for_receipt(15)
        venue.log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        shutil.copy(venue.log_path, tmp_path / "forgotten")
        venue.hear(5)
        venue.wait_for_receipt(20)
        venue.stop()
        venue.log.close()
        shutil.copy(tmp_path / "forgotten", venue.log_path)
        head_mark.path_of(venue.log_path).unlink()
        venue.log = EventLog.open(venue.log_path, venue.name, venue.key)
        venue.hear(3)
        assert venue.log.place().seq == 18
        venue.start()
        wait_until(lambda: venue.trouble in {"receipt-ahead", "receipt-other-chain"}, "the box learns of it")
        venue.hear(1)
        assert venue.log.place().seq == 25
        one_account(venue, receiver, 20 + 1 + 3 + 1)
