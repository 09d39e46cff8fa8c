"""The platform's public keys, by which a box knows a receipt: read, checked and rewritten before they travel."""

from pathlib import Path

from device.errors import Refused
from device.record import limits
from device.record.json_text import dump, load
from device.record.keys import Jwks


def platform_keys(path: Path) -> bytes:
    """Read the platform's keys and give what a box is to have of them.

    Args:
        path: A JWKS (RFC 7517) of Ed25519 keys.

    Returns:
        A JWKS as JSON; each `kid` is the key's RFC 7638 thumbprint, `use` and `alg` are set, all else is left out.

    Raises:
        Refused: It cannot be read, holds a private key or a box's key, or holds no key.
    """
    try:
        text = path.read_bytes()
        keys = Jwks.parse(text)
    except OSError as reason:
        raise _faulty(path, reason.strerror or "it cannot be read") from reason
    except Refused as reason:
        raise _faulty(path, reason.message) from reason
    if any("d" in key for key in load(text, depth=limits.JSON_DEPTH)["keys"]):
        raise Refused(
            "platform-keys-private",
            f"{path} holds a private key of the platform, which must never reach a box.",
            "Give the file with the public keys; the private one signs receipts and stays with the receiver.",
        )
    if not keys.by_kid:
        raise _faulty(path, "No key is in it.")
    if any(key.box is not None for key in keys.by_kid.values()):
        raise _faulty(path, "It holds a box's key, and no box signs receipts.")
    public = [{**key.as_jwk(), "use": "sig", "alg": "EdDSA"} for key in keys.by_kid.values()]
    return dump({"keys": public}) + b"\n"


def _faulty(path: Path, why: str) -> Refused:
    return Refused(
        "platform-keys-faulty",
        f"The platform's keys in {path} are not fit. {why}",
        "Ask the platform's operator for the JWKS with its receipt keys.",
    )
