"""`estu-central keys` and `estu-central receive`, as they are called."""

import stat
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from central.__main__ import main
from central.receiver.command import open_when_there
from central.receiver.ledger import Ledger
from device.record.keys import Jwks
from device.record.receipt import Receipt, seal_receipt, unseal_receipt
from device.record.signing_key import SigningKey
from tests.simulated.signing_box import BEGIN


def test_the_printed_keys_verify_what_the_written_key_signs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "create", str(tmp_path / "platform.pem")]) == 0
    printed = Jwks.parse(capsys.readouterr().out.encode())
    receipt = Receipt("kz-ala-0001", 7, "c0" * 32, BEGIN)
    signed = seal_receipt(receipt, SigningKey.load(tmp_path / "platform.pem", None))
    assert unseal_receipt(signed, printed) == receipt
    assert stat.S_IMODE((tmp_path / "platform.pem").stat().st_mode) == 0o600


def test_a_key_is_shown_again_and_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "platform.pem"
    main(["keys", "create", str(path)])
    created = capsys.readouterr().out
    before = path.read_bytes()
    assert main(["keys", "create", str(path)]) == 2
    assert "key-unwritable" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert main(["keys", "show", str(path)]) == 0
    assert capsys.readouterr().out == created


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, str]:
    SigningKey.create(None).save(tmp_path / "platform.pem")
    (tmp_path / "boxes.jwks").write_bytes(Jwks.of([]).as_json())
    return {
        "--broker": "mqtt://127.0.0.1:1",
        "--boxes": str(tmp_path / "boxes.jwks"),
        "--signing-key": str(tmp_path / "platform.pem"),
        "--database": f"sqlite:///{tmp_path}/ledger.sqlite",
    }


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--broker", "mqtt://platform.example.kz", "broker-plain"),
        ("--broker", "platform.example.kz", "broker-url"),
        ("--boxes", "no-such-file.jwks", "key-unreadable"),
        ("--signing-key", "no-such-file.pem", "key-unreadable"),
        ("--database", "nowhere", "database-url"),
    ],
)
def test_a_receiver_that_cannot_start_says_why(
    option: str, value: str, code: str, arguments: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = [part for pair in (arguments | {option: value}).items() for part in pair]
    assert main(["receive", *line]) == 2
    assert code in capsys.readouterr().err


def test_a_receiver_that_starts_before_its_database_waits_for_it(tmp_path: Path) -> None:
    folder, stop, opened = tmp_path / "not-mounted-yet", Event(), []

    def open_it() -> None:
        opened.append(open_when_there(f"sqlite:///{folder}/ledger.sqlite", stop, longest_pause=0.1))

    receiver = Thread(target=open_it)
    receiver.start()
    time.sleep(0.3)
    assert opened == []
    folder.mkdir()
    receiver.join(60)
    assert isinstance(opened[0], Ledger)
    opened[0].close()


def test_a_receiver_that_waits_for_its_database_can_be_stopped(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    assert open_when_there(f"sqlite:///{tmp_path}/nowhere/ledger.sqlite", stop) is None
