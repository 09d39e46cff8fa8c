"""Keys that sign: sealed, known by their id, and never overwritten."""

import subprocess
from pathlib import Path

import pytest

from central.publishing import keys
from central.publishing.keys import Keyring
from device.errors import Refused


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal at a hundredth of the cost."""
    monkeypatch.setattr(keys, "ROUNDS", 1)


PASSPHRASE = "four unlikely words here"  # noqa: S105 - opens only what the tests seal


def asked_for(asked: list[Path], passphrase: str = PASSPHRASE) -> keys.Ask:
    def ask(path: Path) -> str:
        asked.append(path)
        return passphrase

    return ask


def test_a_sealed_key_signs_once_its_passphrase_is_given_and_it_is_asked_for_once(tmp_path: Path) -> None:
    made = keys.create(tmp_path / "root-1", PASSPHRASE)
    asked: list[Path] = []
    ring = Keyring.of([tmp_path], asked_for(asked))
    assert asked == []
    for _ in range(2):
        (signer,) = ring.signers([made.public.keyid])
        made.public.verify_signature(signer.sign(b"payload"), b"payload")
    assert asked == [tmp_path / "root-1"]


def test_the_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    made = keys.create(tmp_path / "root-1", PASSPHRASE)
    ring = Keyring.of([tmp_path / "root-1"], asked_for([], "another"))
    with pytest.raises(Refused) as refusal:
        list(ring.signers([made.public.keyid]))
    assert refusal.value.code == "passphrase-wrong"


def test_a_key_that_ssh_keygen_made_and_sealed_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "key"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", PASSPHRASE, "-f", str(path)]
    subprocess.run(words, check=True)
    ring = Keyring.of([path], asked_for([]))
    (signer,) = ring.signers([keys.read_public(path).keyid])
    assert signer.public_key.keyid == keys.read_public(path).keyid


def test_only_the_owner_can_read_a_private_key(tmp_path: Path) -> None:
    keys.create(tmp_path / "timestamp", None)
    assert (tmp_path / "timestamp").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    keys.create(tmp_path / "key", None)
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(Refused) as refusal:
        keys.create(tmp_path / "key", None)
    assert refusal.value.code == "key-exists"
    assert (tmp_path / "key").read_bytes() == before


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        keys.create(tmp_path / "key", "short")
    assert refusal.value.code == "passphrase-short"
    assert list(tmp_path.iterdir()) == []


def test_a_private_key_beside_another_ones_public_key_is_refused(tmp_path: Path) -> None:
    keys.create(tmp_path / "a", None)
    other = keys.create(tmp_path / "b", None)
    (tmp_path / "b").replace(tmp_path / "a")
    (tmp_path / "a.pub").rename(tmp_path / "b.pub")
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "b.pub").write_bytes((tmp_path / "b.pub").read_bytes())
    ring = Keyring.of([tmp_path], asked_for([]))
    with pytest.raises(Refused) as refusal:
        list(ring.signers([ring.files[0].public.keyid]))
    assert refusal.value.code == "key-mismatch"
    assert other.public.keyid != ring.files[0].public.keyid


def test_an_open_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    made = keys.create(tmp_path / "timestamp", None)
    (tmp_path / "timestamp").chmod(0o640)
    with pytest.raises(Refused) as refusal:
        list(Keyring.of([tmp_path], asked_for([])).signers([made.public.keyid]))
    assert refusal.value.code == "key-open"


def test_what_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"nonsense", b"ssh-ed25519 AAAA"):
        (tmp_path / "key.pub").write_bytes(content)
        with pytest.raises(Refused) as refusal:
            keys.read_public(tmp_path / "key.pub")
        assert refusal.value.code == "key-unreadable"
    with pytest.raises(Refused) as refusal:
        Keyring.of([tmp_path / "nowhere"], asked_for([]))
    assert refusal.value.code == "key-missing"
