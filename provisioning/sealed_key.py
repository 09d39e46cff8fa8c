"""The authority's private key as it lies on a disk: sealed with a passphrase.

A laptop is lost sooner than a passphrase is guessed only if each guess costs something. The `cryptography` library
writes PKCS #8 with 2,048 rounds of PBKDF2, which a graphics card tries by the hundred thousand a second, and offers
no setting. So the envelope is written here, in the standard form that it and OpenSSL read: PBES2 (RFC 8018,
section 6.2) with scrypt (RFC 7914, section 7) and AES-256-CBC.
"""

import base64
import os

from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from device.errors import Refused

# 16 MiB for each guess is as much as OpenSSL reads back without being told; the parallel factor adds time to it.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 10
SHORTEST_PASSPHRASE = 12  # characters

_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04
_PBES2 = bytes.fromhex("06092a864886f70d01050d")  # 1.2.840.113549.1.5.13
_SCRYPT = bytes.fromhex("06092b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_AES_256_CBC = bytes.fromhex("060960864801650304012a")  # 2.16.840.1.101.3.4.1.42


def seal(key: ec.EllipticCurvePrivateKey, passphrase: str) -> bytes:
    """Write a private key as PEM that only the passphrase opens.

    Args:
        key: The key.
        passphrase: At least SHORTEST_PASSPHRASE characters.

    Returns:
        An `ENCRYPTED PRIVATE KEY` in PEM; two calls never give the same bytes.

    Raises:
        Refused: The passphrase is too short.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refused(
            "passphrase-short",
            f"The passphrase has {len(passphrase)} characters, at least {SHORTEST_PASSPHRASE} are needed.",
            "Take four or more words that have nothing to do with each other.",
        )
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, vector = os.urandom(16), os.urandom(16)
    secret = Scrypt(salt=salt, length=32, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P).derive(passphrase.encode())
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()

    costs = b"".join(_integer(value) for value in (SCRYPT_N, SCRYPT_R, SCRYPT_P))
    derivation = _der(_SEQUENCE, _SCRYPT + _der(_SEQUENCE, _der(_OCTETS, salt) + costs))
    cipher = _der(_SEQUENCE, _AES_256_CBC + _der(_OCTETS, vector))
    scheme = _der(_SEQUENCE, _PBES2 + _der(_SEQUENCE, derivation + cipher))
    return _pem(_der(_SEQUENCE, scheme + _der(_OCTETS, sealed)))


def unseal(pem: bytes, passphrase: str) -> ec.EllipticCurvePrivateKey:
    """Open a sealed private key.

    Raises:
        Refused: The passphrase is wrong, or the file is none of ours; the two cannot be told apart for certain.
    """
    try:
        key = serialization.load_pem_private_key(pem, passphrase.encode())
    except (ValueError, TypeError) as reason:
        raise Refused(
            "passphrase-wrong",
            "The authority's key does not open with this passphrase.",
            "Check the keyboard's language and try again; without the passphrase the key is lost for good.",
        ) from reason
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Refused(
            "authority-unreadable",
            "The authority's key is not a P-256 key.",
            "Restore the authority's folder from its backup.",
        )
    return key


def _der(tag: int, content: bytes) -> bytes:
    """Frame one ASN.1 value; nothing here is longer than the 65,535 bytes that two length bytes can say."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    width = 1 if size < 0x100 else 2
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + content


def _integer(value: int) -> bytes:
    """Write a positive integer, with the leading zero that keeps it from reading as negative."""
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _pem(der: bytes) -> bytes:
    """Wrap DER as PEM by the standard library's own rules for line length."""
    body = base64.b64encode(der)
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return b"\n".join(
        [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", *lines, b"-----END ENCRYPTED PRIVATE KEY-----", b""]
    )
