"""What a ledger's database is opened with: refusals in words, no password shown, and durability whatever its settings."""

import sqlite3
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import select, text

from central.receiver import database, tables
from central.receiver.chain import Place
from central.receiver.ledger import Ledger
from device.errors import Refused, Waiting
from tests.central.receiver.conftest import NOW, Examined
from tests.simulated.postgresql import PostgreSql
from tests.simulated.signing_box import SigningBox


@pytest.mark.parametrize(
    "url",
    [
        *("", "ledger.sqlite", "nothing://x", "sqlite+nothing:///x", "mysql+pymysql://x/y"),
        *(
            "postgresql+nothing://estu:hidden@db/x",
            "mysql://estu:hidden@db/x",
            "postgresql://estu:hidden@db:x/y",
        ),
        "mssql://estu:hidden@db/x",
    ],
)
def test_a_url_of_no_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Refused) as refused:
        Ledger.open(url)
    assert refused.value.code == "database-url"
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["sqlite:////no/such/folder/ledger.sqlite", "postgresql://estu:hidden@/ledger?host=/no/such/folder"],
)
def test_a_database_that_cannot_be_reached_is_waited_for(url: str) -> None:
    with pytest.raises(Waiting) as waiting:
        Ledger.open(url)
    assert waiting.value.code == "ledger-away"
    assert "hidden" not in str(waiting.value)


def test_a_receiver_waits_for_another_that_is_just_making_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE its (first TEXT)")
    ends = Timer(0.5, other.execute, ["COMMIT"])
    ends.start()
    try:
        Ledger.open(f"sqlite:///{path}").close()
    finally:
        ends.join()
        other.close()


def test_a_commit_waits_for_the_disk_also_where_the_database_was_set_not_to(postgresql: PostgreSql) -> None:
    url = postgresql.create()
    careless = database.engine(url)
    with careless.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    careless.dispose()
    ledger = Ledger.open(url)
    with ledger.engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
    ledger.close()


def test_a_commit_waits_for_the_disk_on_sqlite(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite")
    with ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    ledger.close()


def test_who_reads_holds_up_nobody_who_writes(ledger: Ledger, box: SigningBox, examined: Examined) -> None:
    with database.reading(ledger.engine).connect() as reader:
        question = select(tables.box.c.through)
        assert reader.execute(question).all() == []
        ledger.keep([examined(jws) for jws in box.write(3)], NOW)
    assert ledger.places() == {box.name: Place(3, box.head)}


def test_a_database_server_that_crashes_is_waited_for_and_goes_on(
    postgresql: PostgreSql, box: SigningBox, examined: Examined
) -> None:
    ledger = Ledger.open(postgresql.create())
    ledger.keep([examined(jws) for jws in box.write(3)], NOW)
    postgresql.kill()
    with pytest.raises(Waiting):
        ledger.keep([examined(jws) for jws in box.write(3)], NOW)
    postgresql.start()
    assert ledger.places() == {box.name: Place(3, ledger.places()[box.name].head)}
    assert ledger.keep([examined(jws) for jws in box.events], NOW).places == {box.name: Place(6, box.head)}
    ledger.close()
