"""The keys of the test vectors: made from their names, known to everybody, good for nothing else."""

from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import OKPKey

from device.record.keys import Jwks
from device.record.signing_key import SigningKey

BOX, OTHER_BOX = "kz-tst-0001", "kz-tst-0002"


@cache
def key(name: str, box: str | None) -> SigningKey:
    """Give the test key of a name: its seed is the SHA-256 of `estu test key: NAME`.

    Args:
        name: Any text.
        box: The box that signs with it; None is the platform.
    """
    seed = sha256(f"estu test key: {name}".encode()).digest()
    pem = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return SigningKey(OKPKey.import_key(pem), box)


BOX_KEY = key(BOX, BOX)
OTHER_BOX_KEY = key(OTHER_BOX, OTHER_BOX)
UNREGISTERED_KEY = key("unregistered", BOX)  # claims to be the first box's
PLATFORM_KEY = key("platform", None)
OTHER_PLATFORM_KEY = key("another platform", None)

BOXES = Jwks.of([BOX_KEY.public, OTHER_BOX_KEY.public])
PLATFORM = Jwks.of([PLATFORM_KEY.public])


def private_keys() -> list[dict[str, object]]:
    """Give all of them as JWKs, private parts as well, each with its name."""
    named = {
        BOX: BOX_KEY,
        OTHER_BOX: OTHER_BOX_KEY,
        "unregistered": UNREGISTERED_KEY,
        "platform": PLATFORM_KEY,
        "another platform": OTHER_PLATFORM_KEY,
    }
    return [
        {
            "name": name,
            "for_tests_only": True,
            "jwk": {**one.public.as_jwk(), "d": one.jose.as_dict(private=True)["d"]},
        }
        for name, one in named.items()
    ]
