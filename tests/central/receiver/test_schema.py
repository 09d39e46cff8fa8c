"""The ledger's tables over the releases, on both databases: nothing is lost on the way, and nobody writes into another's."""

from collections.abc import Iterator
from datetime import datetime
from threading import Thread

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from central.__main__ import main
from central.receiver import database, schema
from central.receiver.account import Account
from central.receiver.chain import Place
from central.receiver.ledger import Ledger
from central.receiver.tables import metadata
from device.errors import EstuError, Refused, Waiting
from device.record.signed_event import hash_of
from tests.central.receiver.conftest import NOW, Examined
from tests.simulated.signing_box import SigningBox


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = database.engine(database_url)
    yield made
    made.dispose()


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


@pytest.fixture
def first(engine: Engine, box: SigningBox) -> SigningBox:
    """Make a ledger as the first release had it, with a box of three events and something in quarantine."""
    schema.upgrade(engine, schema.FIRST)
    at = NOW.replace(tzinfo=None)
    with engine.begin() as connection:
        for seq, jws in enumerate(box.write(3), 1):
            connection.execute(
                text("INSERT INTO event VALUES (:box, :seq, :hash, :prev, 'kind', 'time', :at, NULL, :jws)"),
                {
                    "box": box.name,
                    "seq": seq,
                    "hash": hash_of(jws),
                    "prev": hash_of(box.events[seq - 2]) if seq > 1 else "0" * 64,
                    "at": at,
                    "jws": jws,
                },
            )
        connection.execute(
            text("INSERT INTO box VALUES (:box, 3, :head, :at)"),
            {"box": box.name, "head": box.head, "at": at},
        )
        connection.execute(
            text(
                "INSERT INTO quarantine (reason, words, topic, hash, payload, first, last, times)"
                " VALUES ('jws-malformed', 'It is none.', 'estu', :hash, :payload, :at, :at, 7)"
            ),
            {"hash": "ab" * 32, "payload": b"\x00forged", "at": at},
        )
    return box


def check_rows(ledger: Ledger, box: SigningBox) -> None:
    account = Account(ledger)
    assert [event.jws for event in account.counted(box.name)] == box.events
    assert ledger.places() == {box.name: Place(len(box.events), box.head)}
    (one,) = account.quarantined()
    assert (one.reason, one.payload, one.times, one.first) == ("jws-malformed", b"\x00forged", 7, naive(NOW))


def naive(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


def test_an_empty_database_is_given_the_tables_that_the_program_uses(
    engine: Engine, database_url: str
) -> None:
    Ledger.open(database_url).close()
    assert differences(engine) == []
    with engine.connect() as connection:
        assert schema.found(connection) == (schema.current(), schema.Standing.CURRENT)


def test_receivers_that_start_together_on_an_empty_database_all_start(database_url: str) -> None:
    failed: list[EstuError] = []

    def start() -> None:
        try:
            Ledger.open(database_url).close()
        except EstuError as error:
            failed.append(error)

    threads = [Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_an_older_database_is_refused_and_upgraded_by_command_with_all_that_is_in_it(
    first: SigningBox,
    engine: Engine,
    database_url: str,
    examined: Examined,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(Refused, match="estu-central database upgrade") as refused:
        Ledger.open(database_url)
    assert refused.value.code == "database-older"
    assert main(["database", "status", "--database", database_url]) == 1
    assert "older than this release" in capsys.readouterr().out
    assert main(["database", "upgrade", "--database", database_url]) == 0
    assert main(["database", "status", "--database", database_url]) == 0
    assert "3 events" in capsys.readouterr().out
    assert differences(engine) == []
    ledger = Ledger.open(database_url)
    check_rows(ledger, first)
    ledger.keep([examined(jws) for jws in first.write(2)], NOW)
    check_rows(ledger, first)
    ledger.close()


def test_a_database_from_before_tables_were_numbered_is_the_first(
    first: SigningBox, engine: Engine, database_url: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(Refused, match="older release"):
        Ledger.open(database_url)
    assert schema.upgrade(engine) == (schema.FIRST, schema.current())
    ledger = Ledger.open(database_url)
    check_rows(ledger, first)
    ledger.close()


def test_a_newer_database_is_left_alone(engine: Engine, database_url: str) -> None:
    Ledger.open(database_url).close()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for touch in (lambda: Ledger.open(database_url), lambda: schema.upgrade(engine)):
        with pytest.raises(Refused, match="newer release") as refused:
            touch()
        assert refused.value.code == "database-newer"


def test_an_upgrade_that_fails_in_the_middle_leaves_everything_as_it_was(
    first: SigningBox, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE INDEX event_by_time ON box (heard)"))  # the name is taken
        before = columns(connection)
    with pytest.raises(Waiting, match="event_by_time"):
        schema.upgrade(engine)
    with engine.begin() as connection:
        assert schema.found(connection) == (schema.FIRST, schema.Standing.OLDER)
        assert columns(connection) == before
        connection.execute(text("DROP INDEX event_by_time"))
    schema.upgrade(engine)
    ledger = Ledger(engine)
    check_rows(ledger, first)


def columns(connection: Connection) -> list[str]:
    return [
        f"{column['name']} {column['type']!r}" for column in inspect(connection).get_columns("quarantine")
    ]


def test_each_step_can_be_taken_back(engine: Engine, first: SigningBox) -> None:
    schema.upgrade(engine)
    with engine.begin() as connection:
        command.downgrade(schema.config(connection), schema.FIRST)
        assert connection.execute(text("SELECT count(*) FROM event")).scalar_one() == 3
        command.downgrade(schema.config(connection), "base")
        assert schema.found(connection)[1] is schema.Standing.EMPTY
