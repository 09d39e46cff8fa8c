"""The authority's folder, through the command line."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.__main__ import main
from provisioning.authority import open_authority

Provision = Callable[..., int]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_new_authority_is_complete_and_closed_to_others(authority: Path, passphrase: str) -> None:
    issuer = open_authority(authority, passphrase)
    assert isinstance(issuer.key.curve, ec.SECP256R1)
    basic = issuer.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert sorted(contents(authority)) == [
        "authority-key.pem",
        "authority.pem",
        "register.sqlite",
        "revoked.pem",
    ]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in authority.iterdir()}
    assert modes["authority-key.pem"] == modes["register.sqlite"] == 0o600
    assert stat.S_IMODE(authority.stat().st_mode) == 0o700
    revoked = x509.load_pem_x509_crl((authority / "revoked.pem").read_bytes())
    assert list(revoked) == []


def test_two_authorities_never_share_a_name(authority: Path, tmp_path: Path) -> None:
    assert main(["authority", "init", str(tmp_path / "other")]) == 0
    names = [
        x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes()).subject
        for folder in (authority, tmp_path / "other")
    ]
    assert names[0] != names[1]


def test_an_authority_is_never_overwritten(
    authority: Path, provision: Provision, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(authority)
    assert provision("authority", "init", authority) == 1
    assert "[authority-exists]" in capsys.readouterr().err
    assert contents(authority) == before


@pytest.mark.parametrize("left", ["authority-key.pem", "register.sqlite"])
def test_not_even_the_rest_of_an_authority_is_overwritten(
    authority: Path, provision: Provision, left: str
) -> None:
    for path in authority.iterdir():
        if path.name != left:
            path.unlink()
    before = contents(authority)
    assert provision("authority", "init", authority) == 1
    assert contents(authority) == before


def test_a_short_passphrase_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ESTU_AUTHORITY_PASSPHRASE", "short")
    assert main(["authority", "init", str(tmp_path / "new" / "authority")]) == 1
    assert "[passphrase-short]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_passphrase_file_comes_before_the_environment(
    authority: Path, passphrase: str, provision: Provision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTU_AUTHORITY_PASSPHRASE", "wrong in the environment")
    (tmp_path / "secret").write_text(passphrase + "\r\na second line\n")
    words = ["authority", "issue-server", "broker.example", "--out", tmp_path / "tls"]
    assert provision(*words) == 1
    assert provision(*words, "--passphrase-file", tmp_path / "secret") == 0


def test_without_a_passphrase_and_without_a_person_the_command_says_so(
    authority: Path, provision: Provision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ESTU_AUTHORITY_PASSPHRASE")
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        assert provision("authority", "issue-server", "broker.example", "--out", tmp_path / "tls") == 1
    assert not (tmp_path / "tls").exists()


def type_in(words: list[str], answers: list[str]) -> tuple[int, str]:
    """Run a command in a terminal, type an answer at each prompt, and give its status and what was shown."""
    terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    environment = {name: value for name, value in os.environ.items() if name != "ESTU_AUTHORITY_PASSPHRASE"}
    shown = b""
    with subprocess.Popen(
        [sys.executable, "-c", terminal, sys.executable, "-m", "provisioning", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for answer in answers:
            while not shown.endswith(b": "):
                letter = running.stdout.read(1)
                assert letter, shown
                shown += letter
            running.stdin.write(answer.encode() + b"\n")
            running.stdin.flush()
            shown += b"|"
        shown += running.stdout.read()
    return running.returncode, shown.decode()


def test_a_person_types_a_new_passphrase_twice_and_it_is_not_shown(tmp_path: Path, passphrase: str) -> None:
    words = ["authority", "init", str(tmp_path / "typed")]
    status, shown = type_in(words, [passphrase, passphrase])
    assert status == 0, shown
    assert passphrase not in shown
    assert open_authority(tmp_path / "typed", passphrase).key


def test_two_different_entries_make_no_authority(tmp_path: Path, passphrase: str) -> None:
    status, shown = type_in(["authority", "init", str(tmp_path / "typed")], [passphrase, passphrase + "s"])
    assert status == 1
    assert "[passphrase-differs]" in shown
    assert not (tmp_path / "typed").exists()


def test_a_wrong_passphrase_issues_nothing(
    authority: Path,
    provision: Provision,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ESTU_AUTHORITY_PASSPHRASE", "four other words here")
    before = contents(authority)
    assert provision("authority", "issue-server", "broker.example", "--out", tmp_path / "tls") == 1
    assert "[passphrase-wrong]" in capsys.readouterr().err
    assert not (tmp_path / "tls").exists()
    assert contents(authority) == before


def test_a_key_from_another_authority_is_noticed(
    authority: Path, provision: Provision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["authority", "init", str(tmp_path / "other")]) == 0
    shutil.copy(tmp_path / "other" / "authority-key.pem", authority)
    assert provision("authority", "issue-server", "broker.example", "--out", tmp_path / "tls") == 1
    assert "[authority-unreadable]" in capsys.readouterr().err


def test_a_server_gets_all_that_a_broker_reads_and_its_key_stays_private(
    authority: Path, provision: Provision, tmp_path: Path
) -> None:
    folder = tmp_path / "tls"
    assert provision("authority", "issue-server", "broker.example", "192.0.2.10", "::1", "--out", folder) == 0
    certificate = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["broker.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.10", "::1"]
    assert stat.S_IMODE((folder / "server-key.pem").stat().st_mode) == 0o600
    for shared in ("authority.pem", "revoked.pem"):
        assert (folder / shared).read_bytes() == (authority / shared).read_bytes()


@pytest.mark.parametrize(
    "name", ["", "*.example", "broker example", "брокер.example", "-a", "a..b", "x" * 64, "http://a"]
)
def test_a_name_that_no_client_could_call_is_refused(
    provision: Provision, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert provision("authority", "issue-server", "--out", tmp_path / "tls", "--", name) == 1
    assert "[server-name-faulty]" in capsys.readouterr().err


def test_a_second_server_certificate_does_not_replace_the_first(
    provision: Provision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["authority", "issue-server", "broker.example", "--out", tmp_path / "tls"]
    assert provision(*words) == 0
    before = contents(tmp_path / "tls")
    assert provision(*words) == 1
    assert "[file-exists]" in capsys.readouterr().err
    assert contents(tmp_path / "tls") == before
