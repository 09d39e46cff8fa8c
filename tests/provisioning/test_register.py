"""The register and its audit trail."""

import json
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from device.errors import Refused
from device.record.signing_key import SigningKey
from provisioning import register as register_module
from provisioning.box import Box
from provisioning.certificates import Issuer, authority_certificate, box_certificate
from provisioning.register import Keys, Register

NOW = datetime(2026, 7, 1, tzinfo=UTC)
Enrol = Callable[..., Path]
Provision = Callable[..., int]


def test_every_change_has_its_line_in_the_audit_trail(
    enrol: Enrol, provision: Provision, tmp_path: Path, register: Callable[[], Register]
) -> None:
    enrol("estu-0001")
    enrol("estu-0002")
    assert provision("authority", "issue-server", "broker.example", "--out", tmp_path / "tls") == 0
    assert provision("export", "--out", tmp_path / "boxes.jwks") == 0
    assert provision("retire", "estu-0001", "--reason", "lost") == 0
    lines = register().audit()
    assert [(line["action"], line["subject"]) for line in lines][1:] == [
        ("enrol", "estu-0001"),
        ("enrol", "estu-0002"),
        ("issue-server", "broker.example"),
        ("export", str(tmp_path / "boxes.jwks")),
        ("retire", "estu-0001"),
    ]
    assert [line["number"] for line in lines] == list(range(1, 7))
    assert all("@" in line["actor"] and line["time"].endswith("Z") for line in lines)
    rows = {row["id"]: row for row in register().boxes()}
    assert lines[2]["detail"]["kid"] == rows["estu-0002"]["kid"]
    assert lines[5]["detail"] == {"reason": "lost", "serial": rows["estu-0001"]["serial"]}


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A register with one box and one line in the audit trail."""
    path = tmp_path / "filled.sqlite"
    Register.create(path)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = Issuer(authority_certificate(key, "Estu authority", NOW), key)
    certificate = box_certificate(issuer, "estu-0001", key.public_key(), NOW)
    keys = Keys(SigningKey.create("estu-0001").public, certificate, "$scrypt$")
    opened = Register.open(path)
    with opened.change():
        opened.enrol(Box("estu-0001", "Кино", "1", "ru"), "mqtts://b.example:8883", keys, "me@here", NOW)
    opened.close()
    return path


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM boxes",
        "UPDATE boxes SET kid = 'other'",
        "UPDATE boxes SET serial = '1'",
        "UPDATE boxes SET id = 'estu-0009'",
        "UPDATE boxes SET status = 'retired'",
        "UPDATE boxes SET status = 'gone'",
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit WHERE number = 1",
    ],
)
def test_the_register_itself_refuses_to_be_rewritten(filled: Path, statement: str) -> None:
    connection = sqlite3.connect(filled)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.close()


def test_a_retired_box_does_not_come_back(filled: Path) -> None:
    opened = Register.open(filled)
    with opened.change():
        opened.retire("estu-0001", "ended", "me@here", NOW)
    opened.close()
    connection = sqlite3.connect(filled)
    with pytest.raises(sqlite3.IntegrityError, match="a retired box never changes"):
        connection.execute("UPDATE boxes SET status = 'active', retired = NULL, reason = NULL")
    connection.close()


def test_the_register_holds_public_keys_only_and_is_closed_to_others(filled: Path) -> None:
    assert filled.stat().st_mode & 0o077 == 0
    connection = sqlite3.connect(filled)
    (key,) = connection.execute("SELECT signing_key FROM boxes").fetchone()
    connection.close()
    assert set(json.loads(key)) == {"kty", "crv", "x", "kid", "box"}


def test_a_change_that_fails_leaves_no_trace(authority: Path, register: Callable[[], Register]) -> None:
    opened = register()

    def interrupted() -> None:
        with opened.change():
            opened.note("test", "subject", {}, "nobody@nowhere", NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [line["action"] for line in opened.audit()] == ["create-authority"]


def test_a_second_technician_waits_and_is_then_told(
    register: Callable[[], Register], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_module, "PATIENCE", 0.1)
    first, second = register(), register()
    with first.change(), pytest.raises(Refused) as refusal, second.change():
        pass
    assert refusal.value.code == "register-busy"


def test_one_id_asked_for_twice_at_once_is_given_once(
    authority: Path,
    provision: Provision,
    platform_keys: Path,
    tmp_path: Path,
    register: Callable[[], Register],
) -> None:
    results: list[int] = []

    def technician(name: str) -> None:
        words = ["enrol", "estu-0001", "--venue", name, "--hall", "1", "--language", "ru"]
        target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / name]
        results.append(provision(*words, *target))

    both = [threading.Thread(target=technician, args=(name,)) for name in ("first", "second")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(results) == [0, 1]
    (row,) = register().boxes()
    assert (tmp_path / row["venue"] / "signing.pem").exists()
    assert (tmp_path / "first").exists() != (tmp_path / "second").exists()


def test_a_register_of_a_newer_form_is_refused(authority: Path) -> None:
    connection = sqlite3.connect(authority / "register.sqlite")
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(Refused, match="its form is 2") as refusal:
        Register.open(authority / "register.sqlite")
    assert refusal.value.code == "register-unreadable"


def test_a_file_that_is_no_register_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"
    path.write_bytes(b"no database, but long enough to be looked at " * 40)
    with pytest.raises(Refused) as refusal:
        Register.open(path)
    assert refusal.value.code == "register-unreadable"


def test_without_a_register_the_way_to_one_is_named(
    tmp_path: Path, provision: Provision, capsys: pytest.CaptureFixture[str]
) -> None:
    assert provision("list", "--authority", tmp_path / "nowhere") == 1
    assert "authority init" in capsys.readouterr().err
