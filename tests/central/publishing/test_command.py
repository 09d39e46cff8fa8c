"""The command line of whoever publishes: keys, a repository, something in it, other keys."""

from pathlib import Path

import pytest

from central.__main__ import main
from central.publishing import keys
from central.publishing.repository import utc_now
from device import model_set
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox

PASSPHRASE = "four unlikely words here"  # noqa: S105 - opens only what the tests seal


@pytest.fixture(autouse=True)
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a repository in `site` and its keys in `keys`."""
    monkeypatch.setattr(keys, "ROUNDS", 1)
    monkeypatch.setenv("ESTU_PUBLISHING_PASSPHRASE", PASSPHRASE)
    monkeypatch.chdir(tmp_path)
    assert run("repository init site --keys keys") == 0
    return tmp_path


def run(words: str) -> int:
    return main(words.split())


def test_a_repository_is_made_with_sealed_and_open_keys_apart(
    workshop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offline = {path.name for path in (workshop / "keys" / "offline").glob("*[0-9]")}
    online = {path.name for path in (workshop / "keys" / "online").iterdir() if path.suffix != ".pub"}
    assert offline == {"root-1", "root-2", "root-3", "targets-1", "targets-2"}
    assert online == {"snapshot", "timestamp"}
    capsys.readouterr()
    assert run("repository show site") == 0
    shown = capsys.readouterr().out
    assert "2 of:" in shown
    assert run("repository init site --keys others") == 2


def test_a_timer_refreshes_without_a_passphrase(
    workshop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ESTU_PUBLISHING_PASSPHRASE")
    capsys.readouterr()
    assert run("repository refresh site --keys keys/online") == 0
    assert capsys.readouterr().out == "Valid: root 1, targets 1, timestamp 2.\n"


def test_a_system_and_a_model_are_published_and_come_to_a_box(
    workshop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workshop / "system.raucb").write_bytes(b"hsqs a system")
    where = "--repository site --keys keys/online --keys keys/offline/targets-2"
    assert run(f"publish system system.raucb --version 2027.1 {where}") == 0
    assert run(f"publish model {model_set.shipped().folder} {where}") == 0
    assert f"Model {model_set.shipped_digest()}." in capsys.readouterr().out
    box = UpdatedBox(tmp_path / "box", workshop / "site/metadata/1.root.json", utc_now())
    with UpdateServer(workshop / "site") as server:
        found = box.look(server.url)
    assert (found.troubles, found.system) == ((), "2027.1")
    assert run("repository show site") == 0
    assert "version 2027.1" in capsys.readouterr().out


def test_a_key_is_replaced_by_root_2(workshop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = keys.read_public(workshop / "keys/offline/targets-1").keyid
    assert run("repository key keys/offline/targets-3") == 0
    rotate = f"repository rotate site --role targets --add keys/offline/targets-3.pub --remove {old[:8]}"
    capsys.readouterr()
    assert run(f"{rotate} --keys keys/offline/root-1") == 1  # one of two
    assert "root 2 waits for 1 more of the keys of root" in capsys.readouterr().out
    assert (
        run(
            "repository sign site --keys keys/offline/root-3 --keys keys/online --keys keys/offline/targets-3"
        )
        == 0
    )
    assert "Valid: root 2, targets" in capsys.readouterr().out
    (workshop / "system.raucb").write_bytes(b"hsqs")
    publish = "publish system system.raucb --version 1 --repository site --keys keys/online"
    assert run(f"{publish} --keys keys/offline/targets-1") == 1  # the old one counts no more
    assert run(f"{publish} --keys keys/offline/targets-3") == 0


def test_what_cannot_be_done_is_said_in_words(workshop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, code in (
        ("repository rotate site --add x.pub --keys keys", "rotate-role"),
        ("repository rotate site --role root --remove zz --keys keys", "rotate-key"),
        ("repository refresh nowhere --keys keys", "repository-missing"),
        ("repository refresh site --keys nowhere", "key-missing"),
        ("publish system nowhere --version 1 --repository site --keys keys", "publish-unreadable"),
    ):
        assert run(words) == 2
        assert code in capsys.readouterr().err
    for share in ("3/2", "x", "0/1"):
        with pytest.raises(SystemExit):
            run(f"repository init other --keys others --root {share}")
