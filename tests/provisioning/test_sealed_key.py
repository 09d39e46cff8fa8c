"""The authority's key under its passphrase."""

import base64
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from device.errors import Refused
from provisioning.certificates import authority_certificate
from provisioning.sealed_key import seal, unseal

PASSPHRASE = "төрт сөзден тұрады"  # noqa: S105 (opens only what the tests seal)


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def sealed(key: ec.EllipticCurvePrivateKey) -> bytes:
    return seal(key, PASSPHRASE)


def test_the_passphrase_opens_the_key(key: ec.EllipticCurvePrivateKey, sealed: bytes) -> None:
    assert unseal(sealed, PASSPHRASE).private_numbers() == key.private_numbers()


def test_openssl_opens_the_key_too(key: ec.EllipticCurvePrivateKey, sealed: bytes, tmp_path: Path) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    certificate, sealed_key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(authority_certificate(key, "Estu authority", now).public_bytes(Encoding.PEM))
    sealed_key.write_bytes(sealed)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        certificate, sealed_key, PASSPHRASE
    )  # refuses a key that is not the certificate's
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(certificate, sealed_key, PASSPHRASE[::-1])


def test_each_guess_costs_what_is_promised(sealed: bytes) -> None:
    der = base64.b64decode(b"".join(sealed.splitlines()[1:-1]))
    scrypt = bytes.fromhex("06092b06010401da47040b")
    costs = der[
        der.index(scrypt) + len(scrypt) + 2 + 2 + 16 :
    ]  # after the headers of the sequence and the salt
    n, r, p = b"\x02\x02\x40\x00", b"\x02\x01\x08", b"\x02\x01\x0a"  # 16 MiB a guess, ten times over
    assert costs.startswith(n + r + p)


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
