"""The authority's key under its passphrase."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from device.errors import Refused
from provisioning.sealed_key import SCRYPT_N, seal, unseal

PASSPHRASE = "төрт сөзден тұрады"  # noqa: S105 (opens only what the tests seal)


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def sealed(key: ec.EllipticCurvePrivateKey) -> bytes:
    return seal(key, PASSPHRASE)


def test_the_passphrase_opens_the_key(key: ec.EllipticCurvePrivateKey, sealed: bytes) -> None:
    assert unseal(sealed, PASSPHRASE).private_numbers() == key.private_numbers()


def test_openssl_reads_the_key_and_finds_scrypt_at_its_cost(
    key: ec.EllipticCurvePrivateKey, sealed: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(sealed)
    public = subprocess.run(
        ["openssl", "pkey", "-in", path, "-passin", f"pass:{PASSPHRASE}", "-pubout"],
        capture_output=True,
        check=True,
    ).stdout
    assert public == key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    structure = subprocess.run(
        ["openssl", "asn1parse", "-in", path], capture_output=True, text=True, check=True
    ).stdout
    assert "PBES2" in structure
    assert "scrypt" in structure
    assert f"INTEGER           :{SCRYPT_N:X}\n" in structure


@pytest.mark.parametrize("wrong", ["", "төрт сөзден тұрад", "four unlikely words"])
def test_another_passphrase_does_not(sealed: bytes, wrong: str) -> None:
    with pytest.raises(Refused) as refusal:
        unseal(sealed, wrong)
    assert refusal.value.code == "passphrase-wrong"


def test_one_key_sealed_twice_gives_different_bytes(key: ec.EllipticCurvePrivateKey, sealed: bytes) -> None:
    assert seal(key, PASSPHRASE) != sealed


def test_a_short_passphrase_is_refused(key: ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(Refused) as refusal:
        seal(key, "eleven char")
    assert refusal.value.code == "passphrase-short"


def test_a_key_of_another_kind_is_refused() -> None:
    rsa_key = rsa.generate_private_key(65537, 2048)
    pem = rsa_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())
    )
    with pytest.raises(Refused) as refusal:
        unseal(pem, PASSPHRASE)
    assert refusal.value.code == "authority-unreadable"


def test_a_cut_file_is_refused_whatever_the_passphrase(sealed: bytes) -> None:
    with pytest.raises(Refused):
        unseal(sealed[:150], PASSPHRASE)
