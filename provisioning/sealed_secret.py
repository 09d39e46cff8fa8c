"""Words that the register keeps for the card and nobody can read meanwhile: a venue's Wi-Fi password.

They are sealed to the authority's public key as a JWE in compact form (RFC 7516; ECDH-ES on P-256, A256GCM), so that
sealing needs no passphrase and opening needs the authority's. Without it the register gives nothing away.
"""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from device.errors import Refused

_HEADER = {"alg": "ECDH-ES", "enc": "A256GCM"}


def seal_secret(secret: str, authority: x509.Certificate) -> str:
    """Seal a secret to the authority; nothing becomes nothing."""
    if not secret:
        return ""
    pem = authority.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return jwe.encrypt_compact(
        dict(_HEADER), secret.encode(), ECKey.import_key(pem), algorithms=list(_HEADER.values())
    )


def open_secret(sealed: str, key: ec.EllipticCurvePrivateKey) -> str:
    """Open what was sealed to the authority.

    Raises:
        Refused: It was sealed to another authority, or was altered.
    """
    if not sealed:
        return ""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        opened = jwe.decrypt_compact(sealed, ECKey.import_key(pem), algorithms=list(_HEADER.values()))
    except (JoseError, ValueError) as reason:
        raise Refused(
            "secret-unreadable",
            "The Wi-Fi password in the register does not open with this authority's key.",
            "Register and authority belong together: restore both from one backup.",
        ) from reason
    return (opened.plaintext or b"").decode()
