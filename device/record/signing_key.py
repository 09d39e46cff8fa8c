"""The key that signs, kept in a file.

A box's key is made when its card is flashed and is kept nowhere else, so a file is never overwritten by a new key.
"""

import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from device.errors import Broken, Refused
from device.host.atomic_file import write_new
from device.record import limits
from device.record.json_text import load
from device.record.keys import PublicKey

_ED25519 = JWSRegistry.algorithms["EdDSA"]
_ADVICE = "Flash the card again, or give the path of the right key."
# A group may read: systemd hands a credential over with a group bit that only its own ACL uses.
_OTHERS = stat.S_IWGRP | stat.S_IRWXO


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 private key; a `Signer`."""

    jose: OKPKey
    box: str | None  # whose it is; `None` is the platform

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.public.kid!r}, box={self.box!r})"

    @classmethod
    def create(cls, box: str | None) -> "SigningKey":
        """Make a new key from the system's randomness."""
        return cls(OKPKey.generate_key("Ed25519"), box)

    @classmethod
    def load(cls, path: Path, box: str | None) -> "SigningKey":
        """Read a key from a PEM (PKCS #8) or a JWK file.

        Args:
            path: The file; nobody but its owner may have access to it, save a group that may read.
            box: Whose key it is.

        Raises:
            Broken: It is missing, open to others, or holds no Ed25519 private key.
        """
        try:
            if path.stat().st_mode & _OTHERS:
                raise Broken(
                    "key-open", f"{path} can be read or changed by others.", f"Run: chmod 600 {path}"
                )
            content = path.read_bytes()[: limits.KEY_FILE_BYTES]
        except OSError as error:
            raise Broken("key-unreadable", f"{path} cannot be read: {error.strerror}.", _ADVICE) from error
        try:
            key = OKPKey.import_key(load(content, depth=2) if content.startswith(b"{") else content)
        except (Refused, JoseError, ValueError, TypeError, KeyError) as error:
            raise Broken("key-malformed", f"{path} holds no Ed25519 key.", _ADVICE) from error
        if not key.is_private or key.curve_name != "Ed25519":
            raise Broken("key-malformed", f"{path} holds a key, but no Ed25519 private key.", _ADVICE)
        return cls(key, box)

    def save(self, path: Path) -> None:
        """Write the key as PEM (PKCS #8), readable by its owner only.

        Raises:
            FileExistsError: There is a file already; a key is never overwritten.
        """
        write_new(path, self.jose.as_pem(private=True), mode=0o600)

    @cached_property
    def public(self) -> PublicKey:
        """The key that its signatures are verified with."""
        return PublicKey(OKPKey.import_key(self.jose.as_dict(private=False)), self.box)

    def sign(self, message: bytes) -> bytes:
        """Give the 64 bytes of the Ed25519 signature (RFC 8032)."""
        return _ED25519.sign(message, self.jose)
