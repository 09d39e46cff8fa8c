"""The file: made once, recognised, and its errors named."""

import os
import sqlite3
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from device.errors import Broken, EstuError, Waiting
from device.record import limits, log_file
from device.record.log_file import connect_to_read, connect_to_write, errors_named, transaction

QUESTION = "SELECT count(*) FROM event"


def test_a_new_log_survives_the_power_and_is_marked_as_ours(tmp_path: Path) -> None:
    connection = connect_to_write(tmp_path / "log.db")
    pragmas = ("journal_mode", "synchronous", "application_id", "user_version")
    assert [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas] == [
        "wal",
        2,
        0x45535455,
        1,
    ]
    connection.close()
    connect_to_write(tmp_path / "log.db").close()


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    writer = connect_to_write(tmp_path / "log.db")
    reader = connect_to_read(tmp_path / "log.db")
    assert reader.execute(QUESTION).fetchone() == (0,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO box VALUES (1, 'x')")
    reader.close()
    writer.close()


def test_before_the_box_first_listens_there_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(Waiting, match="no log") as waiting:
        connect_to_read(tmp_path / "log.db")
    assert waiting.value.code == "log-absent"
    assert not (tmp_path / "log.db").exists()


@pytest.mark.parametrize("opening", [connect_to_read, connect_to_write])
def test_a_file_that_is_no_log_is_left_alone(tmp_path: Path, opening: object) -> None:
    assert callable(opening)
    text, foreign, newer = tmp_path / "text", tmp_path / "foreign.db", tmp_path / "newer.db"
    text.write_bytes(b"nothing of the kind, and long enough to be a header of a database" * 20)
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE songs (title)")
    connection.close()
    connect_to_write(newer).close()
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = [path.read_bytes() for path in (text, foreign, newer)]
    codes = []
    for path in (text, foreign, newer):
        with pytest.raises(Broken) as broken:
            opening(path)
        codes.append(broken.value.code)
    assert codes == ["log-corrupt", "log-foreign", "log-version"]
    assert [path.read_bytes() for path in (text, foreign, newer)] == before


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="cannot be opened") as broken:
        connect_to_write(tmp_path / "absent" / "log.db")
    assert broken.value.code == "log-closed"


@pytest.fixture
def shop_window() -> Iterator[Path]:
    """A folder where everybody may look and only its owner may write."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def seen_by_a_stranger(path: Path) -> str:
    """Open a log as a user who may read it and write nothing; give what becomes of it."""
    receiving, sending = get_context("fork").Pipe(duplex=False)

    def look() -> None:
        if os.getuid() == 0:
            os.setgid(65_534)
            os.setuid(65_534)
        else:
            path.parent.chmod(0o555)
        try:
            sending.send(str(connect_to_read(path).execute(QUESTION).fetchone()))
        except EstuError as error:
            sending.send(error.code)

    process = get_context("fork").Process(target=look)
    process.start()
    answer: str = receiving.recv()
    process.join()
    path.parent.chmod(0o755)
    return answer


def test_the_page_reads_what_it_may_not_write_while_the_box_has_it_open(shop_window: Path) -> None:
    writer = connect_to_write(shop_window / "log.db")
    assert seen_by_a_stranger(shop_window / "log.db") == "(0,)"
    writer.close()
    assert seen_by_a_stranger(shop_window / "log.db") == "log-idle"
    assert seen_by_a_stranger(shop_window / "other.db") == "log-absent"


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    connection = connect_to_write(tmp_path / "log.db")
    with pytest.raises(KeyboardInterrupt), transaction(connection):  # noqa: PT012 - the middle is what fails
        connection.execute("INSERT INTO box VALUES (1, 'x')")
        raise KeyboardInterrupt
    assert not connection.in_transaction
    assert connection.execute("SELECT count(*) FROM box").fetchone() == (0,)
    connection.close()


def test_another_program_that_holds_the_file_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BUSY_SECONDS", 0.05)
    path = tmp_path / "log.db"
    first, second = connect_to_write(path), connect_to_write(path)
    with transaction(first), pytest.raises(Waiting) as waiting, errors_named(path), transaction(second):
        pass
    assert waiting.value.code == "log-busy"
    first.close()
    second.close()


def test_a_damaged_file_is_named_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    connect_to_write(path).close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)  # every page but the first
    path.write_bytes(content)
    with pytest.raises(Broken, match="damaged") as broken:
        connect_to_read(path)
    assert path.read_bytes() == content
    assert broken.value.code == "log-corrupt"
    assert "evidence" in broken.value.advice


def test_a_broken_rule_of_the_tables_is_seen_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    connection = connect_to_write(path)
    with pytest.raises(sqlite3.IntegrityError), errors_named(path):
        connection.execute("INSERT INTO box VALUES (2, 'x')")
    connection.close()


def test_every_statement_of_the_schema_is_run(tmp_path: Path) -> None:
    """The schema is cut into statements; a trigger holds semicolons of its own."""
    connection = connect_to_write(tmp_path / "log.db")
    triggers = connection.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'").fetchone()
    schema = Path(log_file.__file__).with_name("schema.sql").read_text("utf-8")
    assert triggers == (schema.count("CREATE TRIGGER"),)
    assert f"- {limits.RECEIPTS_KEPT}\n" in schema
    connection.close()


def test_a_log_that_is_being_made_at_this_moment_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "log.db").touch()
    with pytest.raises(Waiting) as waiting:
        connect_to_read(tmp_path / "log.db")
    assert waiting.value.code == "log-absent"


def test_the_group_may_write_the_log_under_the_services_umask(tmp_path: Path) -> None:
    """`estu listen` makes it, and `estu sync`, another user of the same group, adds receipts."""
    before = os.umask(0o007)
    try:
        connection = connect_to_write(tmp_path / "log.db")
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
        connection.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("log.db", "log.db-wal", "log.db-shm"), 0o660)
