"""Keys that sign the repository's metadata: Ed25519, each a pair of files in OpenSSH's form.

    root-1        the private key; sealed with a passphrase wherever it lies offline
    root-1.pub    the public one, which a root names

OpenSSH's form is sealed by bcrypt with as many rounds as one likes, and `ssh-keygen -p` changes a passphrase. A key is
known by its id alone, the SHA-256 of its public part: what a file is called decides nothing.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from device.errors import Refused
from device.host import atomic_file

SHORTEST_PASSPHRASE = 12  # characters
# bcrypt_pbkdf's work: each guess costs about a second of a PC's core.
ROUNDS = 100

Ask = Callable[[Path], str]  # the passphrase of a key file


@dataclass(frozen=True)
class KeyFile:
    """A private key on a disk, and what is known of it without opening it."""

    path: Path
    public: Key


def create(path: Path, passphrase: str | None) -> KeyFile:
    """Make a key pair; nothing is ever overwritten.

    Args:
        path: Of the private key; the public one lies beside it, with `.pub`.
        passphrase: What seals it; None leaves it open, for a machine that signs with nobody there.

    Raises:
        Refused: The passphrase is too short, or a file is there.
    """
    if passphrase is not None and len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refused(
            "passphrase-short",
            f"The passphrase has {len(passphrase)} characters, at least {SHORTEST_PASSPHRASE} are needed.",
            "Take four or more words that have nothing to do with each other.",
        )
    key = Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.OpenSSH
    sealed: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        sealed = form.encryption_builder().kdf_rounds(ROUNDS).build(passphrase.encode())
    private = key.private_bytes(serialization.Encoding.PEM, form, sealed)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    try:
        atomic_file.write_new(path, private, 0o600)
        atomic_file.write_new(_public(path), public + b"\n")
    except FileExistsError as error:
        raise Refused(
            "key-exists",
            f"{path} exists already and is not overwritten.",
            "Give another name, or move that key away if you are sure.",
        ) from error
    return KeyFile(path, SSlibKey.from_crypto(key.public_key()))


def read_public(path: Path) -> Key:
    """Read a public key.

    Args:
        path: The `.pub`, or the private key beside it.

    Raises:
        Refused: It is no Ed25519 key.
    """
    path = path if path.suffix == ".pub" else _public(path)
    try:
        key = serialization.load_ssh_public_key(path.read_bytes()[:4096])
    except (OSError, ValueError) as error:
        raise Refused(
            "key-unreadable", f"{path} is not a public key: {error}.", "Give the .pub file of an Ed25519 key."
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise Refused("key-unreadable", f"{path} is not an Ed25519 key.", "Make one with `repository key`.")
    return SSlibKey.from_crypto(key)


@dataclass
class Keyring:
    """The private keys at hand, opened when they are needed and not before."""

    ask: Ask
    files: list[KeyFile] = field(default_factory=list)
    _opened: dict[str, CryptoSigner] = field(default_factory=dict)  # by key id

    @classmethod
    def of(cls, places: Iterable[Path], ask: Ask) -> "Keyring":
        """Look for key files.

        Args:
            places: Key files, or folders with key files.
            ask: Gives the passphrase of a key file.

        Raises:
            Refused: A place is not there, or a public key cannot be read.
        """
        ring = cls(ask)
        for place in places:
            if not place.exists():
                raise Refused(
                    "key-missing", f"There is no {place}.", "Give --keys a key file or a folder of them."
                )
            found = sorted(place.rglob("*.pub")) if place.is_dir() else [_public(place)]
            ring.files += [
                KeyFile(file.with_suffix(""), read_public(file))
                for file in found
                if file.with_suffix("").exists()
            ]
        return ring

    def signers(self, ids: Iterable[str]) -> Iterator[CryptoSigner]:
        """Open the keys of these ids that are at hand.

        Raises:
            Refused: A passphrase is wrong, or a private key does not belong to its public one.
        """
        wanted = set(ids)
        for file in self.files:
            key_id = file.public.keyid
            if key_id in wanted:
                wanted.remove(key_id)
                if key_id not in self._opened:
                    self._opened[key_id] = _open(file, self.ask)
                yield self._opened[key_id]

    def has(self, ids: Iterable[str]) -> int:
        """Count the keys of these ids that are at hand."""
        return len({file.public.keyid for file in self.files} & set(ids))


def _public(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")


def _open(file: KeyFile, ask: Ask) -> CryptoSigner:
    content = file.path.read_bytes()
    try:
        try:
            key = serialization.load_ssh_private_key(content, None)
            _refuse_open_to_others(file.path)
        except TypeError:  # it is sealed
            key = serialization.load_ssh_private_key(content, ask(file.path).encode())
    except ValueError as error:
        raise Refused(
            "passphrase-wrong",
            f"The key {file.path} does not open with this passphrase.",
            "Check the keyboard's language and try again.",
        ) from error
    signer = CryptoSigner(key)
    if signer.public_key.keyid != file.public.keyid:
        raise Refused(
            "key-mismatch",
            f"{file.path} does not belong to {_public(file.path).name}.",
            "Put the right pair together.",
        )
    return signer


def _refuse_open_to_others(path: Path) -> None:
    """Refuse a private key that other users of the machine can read.

    Raises:
        Refused: They can.
    """
    if os.stat(path).st_mode & 0o077:  # noqa: PTH116 - one call, no race
        raise Refused("key-open", f"Others can read the key {path}.", f"chmod 600 {path}")
