"""What makes a box somebody: its keys, its certificate, its settings, as the files that it will have.

Private keys are made here, in memory. They go on the box's card, or into the folder of a box that is made by hand, and
are kept nowhere else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from device.record.signing_key import SigningKey
from provisioning import settings_file
from provisioning.box import OPTIONAL, Box
from provisioning.certificates import Issuer, box_certificate
from provisioning.network import PRIVATE, PUBLIC, card_files
from provisioning.register import Keys, Platform
from provisioning.settings_file import Places
from provisioning.updates import Updates

IDENTITY_FOLDER, NETWORK_FOLDER = "etc-estu", "network"  # on the data partition


@dataclass(frozen=True)
class File:
    """A file of a box."""

    content: bytes
    mode: int  # permissions

    def __repr__(self) -> str:
        return f"File({len(self.content)} bytes, {self.mode:04o})"


@dataclass(frozen=True)
class Identity:
    """A box's keys, and the files that hold them and what goes with them."""

    keys: Keys  # the public half
    files: Mapping[str, File]  # by their names in /etc/estu
    network: Mapping[str, File]  # by their names in the folder for the network

    @property
    def on_card(self) -> dict[str, File]:
        """Give all files by their paths on the data partition."""
        return {f"{IDENTITY_FOLDER}/{name}": file for name, file in self.files.items()} | {
            f"{NETWORK_FOLDER}/{name}": file for name, file in self.network.items()
        }


def make_identity(
    box: Box, platform: Platform, hashed_code: str, places: Places, issuer: Issuer, now: datetime
) -> Identity:
    """Make new keys for a box, a certificate, and all files that it needs.

    Args:
        box: What was declared.
        platform: What it is told.
        hashed_code: The hash of the code on its label.
        places: Where the files will lie on the box.
        issuer: Signs the certificate.
        now: UTC.
    """
    signing_key = SigningKey.create(box.id)
    tls_key = ec.generate_private_key(ec.SECP256R1())
    certificate = box_certificate(issuer, box.id, tls_key.public_key(), now)
    files = public_files(box, platform, hashed_code, places, issuer.certificate.public_bytes(Encoding.PEM))
    files |= {
        settings_file.TLS_CERTIFICATE: File(certificate.public_bytes(Encoding.PEM), PUBLIC),
        settings_file.TLS_KEY: File(
            tls_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), PRIVATE
        ),
        settings_file.SIGNING_KEY: File(signing_key.jose.as_pem(private=True), PRIVATE),
    }
    return Identity(Keys(signing_key.public, certificate), files, network_files(box))


def public_files(
    box: Box, platform: Platform, hashed_code: str, places: Places, authority: bytes
) -> dict[str, File]:
    """Write those files of /etc/estu that the register can tell again at any time.

    Args:
        box: What was declared.
        platform: What it is told.
        hashed_code: The hash of the code on its label.
        places: Where the files will lie on the box.
        authority: The authority's certificate in PEM.
    """
    settings = settings_file.settings(box, platform.broker, places, platform.fallback, platform.updates)
    root = {} if platform.updates is None else {settings_file.ROOT: File(platform.updates.root, PUBLIC)}
    return root | {
        settings_file.SETTINGS: File(settings.encode(), PUBLIC),
        settings_file.AUTHORITY: File(authority, PUBLIC),
        settings_file.PLATFORM_KEYS: File(platform.keys, PUBLIC),
        settings_file.LABEL_CODE: File(f"{hashed_code}\n".encode(), PRIVATE),
    }


def network_files(box: Box) -> dict[str, File]:
    """Write the files of the folder for the network."""
    return {name: File(content, mode) for name, (content, mode) in card_files(box.network).items()}


def recorded(row: Mapping[str, Any], wifi_password: str = "") -> tuple[Box, Platform]:
    """Give a box as it was declared, and what it is told, from its line in the register.

    Args:
        row: As `Register.boxes` gives it.
        wifi_password: Opened; left out where it does not matter.
    """
    fields = dict.fromkeys(OPTIONAL, "")
    fields |= {name: row[name] for name in ("id", "venue", "hall", "language", "contract", "microphone")}
    fields |= json.loads(row["network"])
    box = Box.declared({**fields, "wifi_password": wifi_password})
    platform = Platform(
        row["broker"],
        row["platform_keys"].encode(),
        tuple(json.loads(row["fallback"])),
        Updates.from_json(row["updates"]) if row["updates"] else None,
    )
    return box, platform
