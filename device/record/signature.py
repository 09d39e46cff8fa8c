"""Signatures: JWS in compact form (RFC 7515) with Ed25519 (RFC 8037), and nothing else.

Rules:
- The signature is verified before a byte of the payload is looked at, and only the verified bytes are handed on.
- The header has three members, `alg`, `kid` and `typ`. `alg` is `EdDSA` on Ed25519 and `typ` is the one asked for;
  a header that says anything else is refused, not interpreted: `none`, `crit`, `jwk`, another curve.
- `kid` is a hint where to look. Whose the bytes are is said by the key that verified them, not by any text in them.
  It has a thumbprint's form, since it is written into messages and logs before anything is verified.
- There is one spelling: base64url without padding, whose unused bits are zero (RFC 4648, section 3.5). Otherwise
  the last character of a signature could be changed and the event would have a second hash.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from joserfc.jws import JWSRegistry

from device.errors import Refused
from device.record import limits
from device.record.json_text import dump, load
from device.record.keys import Jwks, PublicKey

EVENT_TYP = (
    "cloudevents+json"  # media type application/cloudevents+json, as RFC 7515, section 4.1.9 shortens it
)
RECEIPT_TYP = "estu-receipt+json"
NOTICE_TYP = "estu-notice+json"

# Taken directly, since joserfc warns at each use by name: RFC 9864 renames EdDSA on this curve to `Ed25519`, which
# most other libraries do not know yet.
_ED25519 = JWSRegistry.algorithms["EdDSA"]
_LOOK_AT_REGISTER = (
    "Export the keys from the register again; if it is not there, the box was never registered."
)
_NOT_AS_WRITTEN = "They were altered after signing, or another key than the one they name has signed them."

_HEADERS = 1_024  # of `limits.HEADER_BYTES` at most, that are remembered
_KID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # SHA-256 in base64url (RFC 7638)
_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")


class Signer(Protocol):
    """Who signs: a key in a file today, a secure element tomorrow."""

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are verified with."""

    def sign(self, message: bytes) -> bytes:
        """Give the 64 bytes of the Ed25519 signature of these bytes."""


@dataclass(frozen=True)
class VerifiedPayload:
    """Bytes that were signed, and the key that says by whom."""

    payload: bytes
    key: PublicKey


def sign(payload: bytes, typ: str, signer: Signer) -> bytes:
    """Give the compact JWS of a payload, as ASCII bytes."""
    message = header_of(signer.public, typ) + b"." + _base64url(payload)
    return message + b"." + _base64url(signer.sign(message))


def header_of(key: PublicKey, typ: str) -> bytes:
    """Give what every compact JWS of a key and a type begins with, up to its first dot."""
    return _base64url(dump({"alg": "EdDSA", "kid": key.kid, "typ": typ}))


def verify(jws: bytes, keys: Jwks, typ: str, longest: int = limits.EVENT_BYTES) -> VerifiedPayload:
    """Give the payload of a compact JWS that one of these keys has signed.

    Args:
        jws: The signed bytes.
        keys: Whose signatures are believed.
        typ: What was signed: EVENT_TYP, RECEIPT_TYP or NOTICE_TYP. None is another, even under the same key.
        longest: Bytes; more are not looked at.

    Raises:
        Refused: `jws-malformed` (not the one form), `key-unknown`, or `signature-wrong`.
    """
    header, payload, signature = _parts(jws, longest)
    kid = _kid(header, typ)
    key = keys.find(kid)
    if key is None:
        raise Refused(
            "key-unknown", f"It is signed with the key {kid}, which is not known here.", _LOOK_AT_REGISTER
        )
    message, _, _ = jws.rpartition(b".")
    if not _ED25519.verify(message, signature, key.jose):
        raise Refused("signature-wrong", "The bytes are not those that were signed.", _NOT_AS_WRITTEN)
    return VerifiedPayload(payload, key)


def claimed_typ(jws: bytes) -> str | None:
    """Give what a text says it is, so that the right verification is tried first; None where it says nothing."""
    try:
        typ = load(_parts(jws, limits.EVENT_BYTES)[0], depth=2).get("typ")
    except Refused:
        return None
    return typ if isinstance(typ, str) else None


def unverified_payload(jws: bytes) -> bytes:
    """Give the payload without asking who signed it: only for a log's own owner, to show what it wrote itself.

    Raises:
        Refused: It is not a compact JWS.
    """
    return _parts(jws, limits.EVENT_BYTES)[1]


def _parts(jws: bytes, longest: int) -> tuple[bytes, bytes, bytes]:
    if len(jws) > longest:
        raise _not_compact(f"is longer than {longest} bytes")
    match = _COMPACT.fullmatch(jws)
    if match is None:
        raise _not_compact("is not three parts of base64url with an Ed25519 signature last")
    if len(match[1]) > limits.HEADER_BYTES:
        raise _not_compact(f"has a header of more than {limits.HEADER_BYTES} bytes")
    header, payload, signature = (_exactly(part) for part in match.groups())
    return header, payload, signature


@lru_cache(maxsize=_HEADERS)
def _kid(header: bytes, typ: str) -> str:
    """Read a header; all that one key signs begins with the same one, so the last ones are remembered."""
    try:
        content = load(header, depth=2)
    except Refused as refused:
        raise _not_compact("has a header that is not JSON") from refused
    kid = content.get("kid")
    if content != {"alg": "EdDSA", "kid": kid, "typ": typ}:
        raise _not_compact(f"has another header than alg EdDSA, kid and typ {typ}")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise _not_compact("has a kid that is no thumbprint")
    return kid


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _exactly(part: bytes) -> bytes:
    try:
        content = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error as error:
        raise _not_compact("has a part that is not base64url") from error
    if _base64url(content) != part:
        raise _not_compact("has a part whose unused bits are not zero")
    return content


def _not_compact(why: str) -> Refused:
    return Refused("jws-malformed", f"The signed text {why}.", "It was cut, or is no JWS of the contract.")
