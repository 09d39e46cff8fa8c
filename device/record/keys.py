"""Public keys: whose signature is believed.

A set of keys is what the register of boxes exports (RFC 7517): Ed25519 keys (RFC 8037), each a box's, named in the
member `box`, or without that member the platform's. A key's id is its thumbprint (RFC 7638), computed here from the
key itself, never read from the file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from device.errors import Refused
from device.record import limits
from device.record.field import Text
from device.record.json_text import dump, load
from device.record.reports import BOX_NAME

_ADVICE = "Export the keys from the register again."


@dataclass(frozen=True)
class PublicKey:
    """One Ed25519 public key, and whose it is."""

    jose: OKPKey
    box: str | None  # the box that signs with it; `None` is the platform

    @cached_property
    def kid(self) -> str:
        """Its thumbprint."""
        return self.jose.thumbprint()

    @classmethod
    def of_jwk(cls, jwk: Mapping[str, Any]) -> "PublicKey":
        """Read one key of a set.

        Raises:
            Refused: It is not an Ed25519 key, its `kid` is another key's, or its box has no proper name.
        """
        if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or not isinstance(jwk.get("x"), str):
            raise Refused("key-malformed", "A key of the set is not an Ed25519 key.", _ADVICE)
        try:
            key = cls(OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": jwk["x"]}), jwk.get("box"))
        except (JoseError, ValueError) as error:
            raise Refused(
                "key-malformed", "A key of the set is not 32 bytes of base64url.", _ADVICE
            ) from error
        if jwk.get("kid", key.kid) != key.kid:
            raise Refused("key-malformed", f"The key {key.kid} stands under another key's id.", _ADVICE)
        if "box" in jwk:
            Text(32, BOX_NAME).read(key.box, "box")
        return key

    def as_jwk(self) -> dict[str, str]:
        """Give the key as one member of a set."""
        whose = {} if self.box is None else {"box": self.box}
        return {"kty": "OKP", "crv": "Ed25519", "x": str(self.jose.as_dict()["x"]), "kid": self.kid} | whose


@dataclass(frozen=True)
class Jwks:
    """A set of public keys, found by their ids."""

    by_kid: Mapping[str, PublicKey]

    @classmethod
    def of(cls, keys: Iterable[PublicKey]) -> "Jwks":
        """Make a set.

        Raises:
            Refused: Two boxes have one key: a card was copied.
        """
        by_kid: dict[str, PublicKey] = {}
        for key in keys:
            if by_kid.setdefault(key.kid, key).box != key.box:
                raise Refused("key-shared", f"The key {key.kid} stands in the set for two owners.", _ADVICE)
        return cls(MappingProxyType(by_kid))

    @classmethod
    def parse(cls, text: bytes) -> "Jwks":
        """Read a set from its JSON.

        Raises:
            Refused: It is not a set of Ed25519 keys; none of it is used then.
        """
        if len(text) > limits.KEYSET_BYTES:
            raise Refused(
                "key-malformed", f"The set of keys is larger than {limits.KEYSET_BYTES} bytes.", _ADVICE
            )
        keys = load(text, depth=5).get("keys")
        if not isinstance(keys, list) or len(keys) > limits.KEYSET_KEYS:
            raise Refused("key-malformed", "The set of keys has no list `keys`, or too long a one.", _ADVICE)
        if not all(isinstance(key, dict) for key in keys):
            raise Refused("key-malformed", "The set of keys holds something that is no key.", _ADVICE)
        return cls.of(PublicKey.of_jwk(key) for key in keys)

    @classmethod
    def load(cls, path: Path) -> "Jwks":
        """Read a set from a file.

        Raises:
            Refused: The file cannot be read, or is not a set of Ed25519 keys.
        """
        try:
            text = path.read_bytes()
        except OSError as error:
            raise Refused("key-unreadable", f"{path} cannot be read: {error.strerror}.", _ADVICE) from error
        return cls.parse(text)

    def as_json(self) -> bytes:
        """Write the set as the register exports it."""
        return dump({"keys": [key.as_jwk() for key in self.by_kid.values()]})

    def find(self, kid: str) -> PublicKey | None:
        """Give the key of this id, if there is one."""
        return self.by_kid.get(kid)
