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
from provisioning import register_file
from provisioning.box import Box
from provisioning.certificates import Issuer, authority_certificate, box_certificate
from provisioning.register import Keys, Platform, Register

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
        *[(action, "estu-0001") for action in ("enrol", "label", "make-keys", "write-folder")],
        *[(action, "estu-0002") for action in ("enrol", "label", "make-keys", "write-folder")],
        ("issue-server", "broker.example"),
        ("export", str(tmp_path / "boxes.jwks")),
        ("retire", "estu-0001"),
    ]
    assert [line["number"] for line in lines] == list(range(1, 13))
    assert all("@" in line["actor"] and line["time"].endswith("Z") for line in lines)
    rows = {row["id"]: row for row in register().boxes()}
    assert lines[7]["detail"]["kid"] == rows["estu-0002"]["kid"]
    assert lines[11]["detail"] == {"reason": "lost", "serial": rows["estu-0001"]["serial"]}


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A register with one box and one line in the audit trail."""
    path = tmp_path / "filled.sqlite"
    Register.create(path)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = Issuer(authority_certificate(key, "Estu authority", NOW), key)
    certificate = box_certificate(issuer, "estu-0001", key.public_key(), NOW)
    keys = Keys(SigningKey.create("estu-0001").public, certificate)
    opened = Register.open(path)
    platform = Platform("mqtts://b.example:8883", b"{}")
    with opened.change():
        opened.enrol(Box("estu-0001", "Кино", "1", "ru"), platform, "", "me@here", NOW)
        opened.label("estu-0001", "$scrypt$", "me@here", NOW)
        opened.issue("estu-0001", keys, "me@here", NOW)
        opened.confirm("estu-0001", keys.serial, NOW)
        opened.remember_image("00", "1.0", b"jws", b"<bmap/>")
    opened.close()
    return path


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM boxes",
        "DELETE FROM identities",
        "UPDATE identities SET kid = 'other'",
        "UPDATE identities SET serial = '1'",
        "UPDATE identities SET confirmed = NULL",
        "UPDATE boxes SET id = 'estu-0009'",
        "UPDATE boxes SET status = 'enrolled'",
        "UPDATE boxes SET label_code = 'other'",
        "UPDATE images SET version = '2.0'",
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
    (key,) = connection.execute("SELECT signing_key FROM identities").fetchone()
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
    monkeypatch.setattr(register_file, "PATIENCE", 0.1)
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
    connection.execute("PRAGMA user_version = 4")
    connection.close()
    with pytest.raises(Refused, match="its form is 4") as refusal:
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


FORM_1 = """
CREATE TABLE boxes (
    id TEXT PRIMARY KEY, venue TEXT NOT NULL, hall TEXT NOT NULL, language TEXT NOT NULL, microphone TEXT NOT NULL,
    broker TEXT NOT NULL, kid TEXT NOT NULL UNIQUE, signing_key TEXT NOT NULL, serial TEXT NOT NULL UNIQUE,
    certificate TEXT NOT NULL, label_code TEXT NOT NULL, enrolled TEXT NOT NULL, status TEXT NOT NULL, retired TEXT,
    reason TEXT
) STRICT;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY, time TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER boxes_stay BEFORE DELETE ON boxes BEGIN SELECT RAISE(ABORT, 'no'); END;
CREATE TRIGGER boxes_are_who_they_are BEFORE UPDATE OF id ON boxes BEGIN SELECT RAISE(ABORT, 'no'); END;
CREATE TRIGGER retired_boxes_rest BEFORE UPDATE ON boxes WHEN OLD.status = 'retired'
    BEGIN SELECT RAISE(ABORT, 'no'); END;
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'no'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'no'); END;
INSERT INTO boxes VALUES ('estu-0001', 'Кино', '1', 'ru', '', 'mqtts://b.example:8883', 'kid-1', '{}', 'a1', 'pem',
    '$scrypt$', '2026-05-01T00:00:00Z', 'active', NULL, NULL);
INSERT INTO boxes VALUES ('estu-0002', 'Кино', '2', 'ru', '', 'mqtts://b.example:8883', 'kid-2', '{}', 'a2', 'pem',
    '$scrypt$', '2026-05-01T00:00:00Z', 'retired', '2026-06-01T00:00:00Z', 'lost');
INSERT INTO audit VALUES (1, '2026-05-01T00:00:00Z', 'me@here', 'enrol', 'estu-0001', '{}');
PRAGMA user_version = 1;
"""


def test_a_register_of_the_first_form_is_taken_over_whole(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(FORM_1)
    connection.close()
    for _ in range(2):
        opened = Register.open(path)
        boxes = [
            (box["id"], box["status"], box["kid"], box["serial"], box["reason"]) for box in opened.boxes()
        ]
        assert boxes == [
            ("estu-0001", "active", "kid-1", "a1", None),
            ("estu-0002", "retired", "kid-2", "a2", "lost"),
        ]
        assert [(line["number"], line["action"]) for line in opened.audit()] == [(1, "enrol")]
        assert [revocation.serial for revocation in opened.revocations()] == [0xA2]
        opened.close()
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="a box is retired, never removed"):
        connection.execute("DELETE FROM boxes")
    connection.close()


def test_a_register_that_knew_nothing_of_updates_is_taken_over(register, enrol, authority: Path) -> None:
    enrol()
    connection = sqlite3.connect(authority / "register.sqlite")
    connection.executescript("ALTER TABLE boxes DROP COLUMN updates; PRAGMA user_version = 2;")
    connection.close()
    (box,) = register().boxes()
    assert box["updates"] == ""
