"""Making a box somebody: its keys, its certificate, its folder, its line in the register.

- Private keys are made here, written into the box's folder, and exist nowhere else.
- Folder and register go together: what fails in between leaves neither. Only a crash between the two can leave a
  folder without a line in the register; it is worth nothing then and may be removed.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from device.page.label_code import hash_label_code
from device.record.signing_key import SigningKey
from provisioning import settings_file
from provisioning.box import Box
from provisioning.certificates import Issuer, box_certificate
from provisioning.label_code import new_label_code
from provisioning.new_files import PUBLIC, NewFiles, new_files
from provisioning.register import Keys, Register
from provisioning.settings_file import Places


@dataclass(frozen=True)
class Order:
    """One box to enrol."""

    box: Box
    folder: Path  # where its files are written, here
    places: Places  # where they will lie, there


@dataclass(frozen=True)
class Platform:
    """What every box is told of the platform."""

    broker: str  # URL
    keys: bytes  # JWKS, public
    fallback: tuple[str, ...] = ()  # URLs of the broker for halls where the first is shut


@dataclass(frozen=True)
class Enrolled:
    """A box as it was enrolled; the only place where its label code is ever readable."""

    order: Order
    label_code: str
    kid: str
    expires: datetime  # UTC, of its certificate


def enrol(
    orders: Iterable[Order], platform: Platform, issuer: Issuer, register: Register, actor: str, now: datetime
) -> list[Enrolled]:
    """Enrol boxes: all of them, or none if anything fails.

    Args:
        orders: The boxes.
        platform: What they are told.
        issuer: Signs their certificates.
        register: Remembers them.
        actor: Who does it, for the audit trail.
        now: UTC.

    Raises:
        Refused: An id is taken, or a file of a box exists already.
    """
    with new_files() as files, register.change():
        return [_enrol(order, platform, issuer, register, files, actor, now) for order in orders]


def _enrol(
    order: Order,
    platform: Platform,
    issuer: Issuer,
    register: Register,
    files: NewFiles,
    actor: str,
    now: datetime,
) -> Enrolled:
    box, folder = order.box, order.folder
    register.refuse_known(box.id)
    signing_key = SigningKey.create(box.id)
    tls_key = ec.generate_private_key(ec.SECP256R1())
    certificate = box_certificate(issuer, box.id, tls_key.public_key(), now)
    label_code = new_label_code()
    hashed = hash_label_code(label_code, os.urandom(16))

    public = {
        settings_file.SETTINGS: settings_file.settings(
            box, platform.broker, order.places, platform.fallback
        ).encode(),
        settings_file.TLS_CERTIFICATE: certificate.public_bytes(Encoding.PEM),
        settings_file.AUTHORITY: issuer.certificate.public_bytes(Encoding.PEM),
        settings_file.PLATFORM_KEYS: platform.keys,
    }
    private = {
        settings_file.TLS_KEY: tls_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        settings_file.LABEL_CODE: f"{hashed}\n".encode(),
    }
    files.folder(folder)
    for name, content in public.items():
        files.write(folder / name, content, PUBLIC)
    for name, content in private.items():
        files.write(folder / name, content)
    files.written_by(folder / settings_file.SIGNING_KEY, signing_key.save)

    keys = Keys(signing_key.public, certificate, hashed)
    register.enrol(box, platform.broker, keys, actor, now)
    return Enrolled(order, label_code, signing_key.public.kid, certificate.not_valid_after_utc)
