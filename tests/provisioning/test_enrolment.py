"""A box becomes somebody."""

import random
import re
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store

from device import settings
from device.page.label_code import is_label_code
from device.record.keys import Jwks
from device.record.signature import EVENT_TYP, sign, verify
from device.record.signing_key import SigningKey
from provisioning.register import Register

Enrol = Callable[..., Path]
Provision = Callable[..., int]
LABEL = re.compile(r"label code  ([0-9A-Z]{5}-[0-9A-Z]{5})")


def secrets_of(folder: Path) -> list[bytes]:
    """The private keys of a box in every form in which they could lie about: raw, and the text of their PEM."""
    signing = SigningKey.load(folder / "signing.pem", None)
    tls = load_pem_private_key((folder / "tls-key.pem").read_bytes(), None)
    assert isinstance(tls, ec.EllipticCurvePrivateKey)
    number = tls.private_numbers().private_value
    texts = [(folder / name).read_bytes().splitlines()[1] for name in ("signing.pem", "tls-key.pem")]
    jwk = str(signing.jose.as_dict(private=True)["d"]).encode()
    return [signing.jose.private_key.private_bytes_raw(), number.to_bytes(32, "big"), jwk, *texts]


def test_an_enrolled_box_has_all_it_needs(enrol: Enrol, authority: Path) -> None:
    folder = enrol()
    read = settings.load(folder / "settings.toml")
    assert (read.box.id, read.box.venue, read.box.language) == ("estu-0001", "Абай атындағы опера", "kk")
    certificate = x509.load_pem_x509_certificate((folder / "tls.pem").read_bytes())
    trusted = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
    PolicyBuilder().store(Store([trusted])).build_client_verifier().verify(certificate, [])
    tls_key = load_pem_private_key((folder / "tls-key.pem").read_bytes(), None)
    assert tls_key.public_key() == certificate.public_key()
    assert Jwks.load(folder / "platform.jwks").by_kid


def test_what_the_box_signs_verifies_with_the_exported_keys(
    enrol: Enrol, provision: Provision, tmp_path: Path
) -> None:
    folder = enrol()
    assert provision("export", "--out", tmp_path / "boxes.jwks") == 0
    jws = sign(b"an event", EVENT_TYP, SigningKey.load(folder / "signing.pem", "estu-0001"))
    verified = verify(jws, Jwks.load(tmp_path / "boxes.jwks"), EVENT_TYP)
    assert (verified.payload, verified.key.box) == (b"an event", "estu-0001")


def test_only_the_owner_can_read_what_is_private(enrol: Enrol) -> None:
    folder = enrol()
    closed = {path.name for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) == 0o600}
    assert closed == {"signing.pem", "tls-key.pem", "label-code.scrypt"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_label_code_is_shown_once_and_stored_as_a_hash_only(
    enrol: Enrol, authority: Path, register: Callable[[], Register], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = enrol()
    shown = LABEL.search(capsys.readouterr().out)
    assert shown is not None
    code = shown[1]
    (row,) = register().boxes()
    assert is_label_code(code, row["label_code"])
    assert (folder / "label-code.scrypt").read_text().strip() == row["label_code"]
    for path in [*authority.iterdir(), *folder.iterdir()]:
        assert code.encode() not in path.read_bytes()
        assert code.replace("-", "").encode() not in path.read_bytes()


def test_no_private_key_stays_with_the_authority(enrol: Enrol, authority: Path, tmp_path: Path) -> None:
    folder = enrol()
    secrets = secrets_of(folder)
    assert any(secrets[3] in path.read_bytes() for path in folder.iterdir()), (
        "the scan must be able to find a key"
    )
    elsewhere = [path for path in tmp_path.rglob("*") if path.is_file() and folder not in path.parents]
    assert authority / "register.sqlite" in elsewhere
    for path in elsewhere:
        content = path.read_bytes()
        assert not any(secret in content for secret in secrets), path
        assert b"PRIVATE KEY" not in content.replace(b"ENCRYPTED PRIVATE KEY", b""), path


def test_a_box_is_not_enrolled_twice(
    enrol: Enrol,
    provision: Provision,
    platform_keys: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    enrol()
    again = ["enrol", "estu-0001", "--venue", "Кино", "--hall", "1", "--language", "ru"]
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "second"]
    assert provision(*again, *target) == 1
    assert "[box-known]" in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


def test_a_folder_that_holds_a_key_is_not_written_into(
    enrol: Enrol, provision: Provision, platform_keys: Path, register: Callable[[], Register]
) -> None:
    folder = enrol()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    words = ["enrol", "estu-0002", "--venue", "Кино", "--hall", "1", "--language", "ru"]
    assert (
        provision(*words, "--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", folder)
        == 1
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [row["id"] for row in register().boxes()] == ["estu-0001"]


@pytest.mark.parametrize("obstacle", ["settings.toml", "tls-key.pem", "signing.pem"])
def test_a_half_written_folder_is_taken_back(
    provision: Provision, platform_keys: Path, tmp_path: Path, register: Callable[[], Register], obstacle: str
) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / obstacle).write_text("in the way")
    words = ["enrol", "estu-0001", "--venue", "Кино", "--hall", "1", "--language", "ru"]
    assert (
        provision(*words, "--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", folder)
        == 1
    )
    assert [path.name for path in folder.iterdir()] == [obstacle]
    assert register().boxes() == []
    assert [line["action"] for line in register().audit()] == ["create-authority"]


def test_a_register_that_cannot_be_written_leaves_no_folder(
    provision: Provision,
    authority: Path,
    platform_keys: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with sqlite3.connect(authority / "register.sqlite") as disk:
        disk.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    disk.close()
    words = ["enrol", "estu-0001", "--venue", "Кино", "--hall", "1", "--language", "ru"]
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "card"]
    assert provision(*words, *target) == 1
    assert "[register-unusable]" in capsys.readouterr().err
    assert not (tmp_path / "card").exists()


def test_a_batch_enrols_each_box_into_its_own_folder(
    provision: Provision, platform_keys: Path, tmp_path: Path, register: Callable[[], Register]
) -> None:
    (tmp_path / "boxes.csv").write_text("box,venue,hall,language\nestu-1,Опера,Main,kk\nestu-2,Кино,1,ru\n")
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "cards"]
    prefix = ["--prefix", tmp_path / "boxes"]
    assert provision("enrol", "--batch", tmp_path / "boxes.csv", *target, *prefix) == 0
    read = settings.load(tmp_path / "cards" / "estu-2" / "settings.toml")
    assert (read.box.id, read.box.venue) == ("estu-2", "Кино")
    assert read.paths.signing_key == tmp_path / "boxes" / "estu-2" / "signing.pem"
    rows = register().boxes()
    assert [row["id"] for row in rows] == ["estu-1", "estu-2"]
    assert len({row["kid"] for row in rows}) == len({row["serial"] for row in rows}) == 2


def test_every_box_is_told_the_ways_round_a_blocked_port(
    provision: Provision, platform_keys: Path, tmp_path: Path
) -> None:
    (tmp_path / "boxes.csv").write_text("box,venue,hall,language\nestu-1,Опера,Main,kk\nestu-2,Кино,1,ru\n")
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "cards"]
    ways = ["--fallback", "mqtts://b.example:443", "--fallback", "wss://b.example"]
    assert provision("enrol", "--batch", tmp_path / "boxes.csv", *target, *ways) == 0
    for box in ("estu-1", "estu-2"):
        read = settings.load(tmp_path / "cards" / box / "settings.toml")
        assert read.broker.url == "mqtts://b.example:8883"
        assert read.broker.fallback == ("mqtts://b.example:443", "wss://b.example:443")


def test_a_way_that_would_be_open_to_the_network_enrols_nobody(
    provision: Provision, platform_keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "boxes.csv").write_text("box,venue,hall,language\nestu-1,Опера,Main,kk\n")
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "cards"]
    assert provision("enrol", "--batch", tmp_path / "boxes.csv", *target, "--fallback", "ws://b.example") == 1
    assert "broker-url-open" in capsys.readouterr().err
    assert not (tmp_path / "cards").exists()


def test_a_batch_with_one_fault_enrols_nobody(
    provision: Provision,
    platform_keys: Path,
    tmp_path: Path,
    register: Callable[[], Register],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "boxes.csv").write_text("box,venue,hall,language\nestu-1,Опера,Main,kk\nestu-2,Кино,1,rus\n")
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "cards"]
    assert provision("enrol", "--batch", tmp_path / "boxes.csv", *target) == 1
    assert 'row 3, column language: "rus" is not one of kk, ru, en' in capsys.readouterr().err
    assert not (tmp_path / "cards").exists()
    assert register().boxes() == []


def test_a_batch_whose_last_folder_is_in_the_way_enrols_nobody(
    provision: Provision, platform_keys: Path, tmp_path: Path, register: Callable[[], Register]
) -> None:
    (tmp_path / "boxes.csv").write_text("box,venue,hall,language\nestu-1,Опера,Main,kk\nestu-2,Кино,1,ru\n")
    obstacle = tmp_path / "cards" / "estu-2" / "signing.pem"
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("in the way")
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "cards"]
    assert provision("enrol", "--batch", tmp_path / "boxes.csv", *target) == 1
    assert [path for path in (tmp_path / "cards").rglob("*") if path.is_file()] == [obstacle]
    assert register().boxes() == []


def test_a_power_cut_never_leaves_a_registered_box_without_its_keys(
    authority: Path, platform_keys: Path, tmp_path: Path, register: Callable[[], Register]
) -> None:
    table = tmp_path / "boxes.csv"
    rows = [f"estu-{number},Опера,Main,kk" for number in range(1, 5)]
    table.write_text("\n".join(["box,venue,hall,language", *rows]))
    chance = random.Random(7)
    ended = []
    for attempt in range(4):
        cards = tmp_path / f"cards-{attempt}"
        words = ["enrol", "--batch", table, "--platform-keys", platform_keys, "--out", cards]
        command = [sys.executable, "-m", "provisioning", *words, "--broker", "mqtts://b.example"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            until = time.monotonic() + 60
            while not cards.exists() and running.poll() is None and time.monotonic() < until:
                time.sleep(0.001)  # until the first folder is there: from here on a cut can do harm
            if attempt < 3:
                time.sleep(chance.uniform(0, 0.4 * attempt))
                running.kill()
        known = {row["id"]: row["kid"] for row in register().boxes()}
        ended.append(len(known))
        assert len(known) in (0, 4), "a batch is enrolled whole or not at all"
        for box, kid in known.items():
            assert SigningKey.load(cards / box / "signing.pem", box).public.kid == kid
            assert (cards / box / "tls-key.pem").exists()
        if known:
            break
    assert ended[0] == 0, "the first cut came too late to test anything"
    assert ended[-1] == 4, "after the cuts the same batch is enrolled"


def test_the_wrong_passphrase_enrols_nobody(
    provision: Provision, platform_keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTU_AUTHORITY_PASSPHRASE", "four other words here")
    words = ["enrol", "estu-0001", "--venue", "Кино", "--hall", "1", "--language", "ru"]
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "card"]
    assert provision(*words, *target) == 1
    assert not (tmp_path / "card").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["enrol", "estu-0001", "--venue", "a", "--hall", "b"], "declaration-incomplete"),
        (["enrol", "--venue", "a", "--hall", "b", "--language", "kk"], "declaration-incomplete"),
        (["enrol", "Estu-0001", "--venue", "a", "--hall", "b", "--language", "kk"], "declaration-faulty"),
        (["enrol", "estu-0001", "--batch", "boxes.csv"], "declaration-twice"),
    ],
)
def test_what_is_missing_or_doubled_on_the_command_line_is_named(
    provision: Provision,
    platform_keys: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: str,
) -> None:
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "card"]
    assert provision(*words, *target) == 1
    assert f"[{code}]" in capsys.readouterr().err
