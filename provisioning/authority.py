"""The authority's folder: what it holds, and opening its key.

authority.pem       the certificate that boxes and brokers trust
authority-key.pem   its private key, sealed with the passphrase
revoked.pem         the list of revoked boxes, for the broker
register.sqlite     the register of boxes
"""

import ipaddress
import re
import secrets
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from device.errors import Refused
from device.host import atomic_file
from provisioning import certificates
from provisioning.certificates import Issuer, Revocation
from provisioning.new_files import PUBLIC, NewFiles
from provisioning.sealed_key import seal, unseal

CERTIFICATE, KEY, REVOKED, REGISTER = "authority.pem", "authority-key.pem", "revoked.pem", "register.sqlite"
LABEL_FORM = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)  # of a host name, RFC 1123
LONGEST_HOST = 253  # characters


def refuse_existing(folder: Path) -> None:
    """Refuse a folder that holds an authority, or a part of one.

    Raises:
        Refused: It does.
    """
    for name in (CERTIFICATE, KEY, REVOKED, REGISTER):
        if (folder / name).exists():
            raise Refused(
                "authority-exists",
                f"{folder} holds an authority already ({name}), and boxes may depend on it.",
                "Use it as it is, or give another folder.",
            )


def create_authority(files: NewFiles, folder: Path, passphrase: str, now: datetime) -> x509.Certificate:
    """Make a new authority: its key, its certificate and a list of revoked boxes that is still empty.

    The list is there from the first day because a broker told to read one does not start without it.

    Args:
        files: Takes the files, and takes them back if the caller fails.
        folder: Where; nothing of an authority may be there.
        passphrase: Seals the key.
        now: UTC.

    Raises:
        Refused: The folder holds an authority, or the passphrase is too short.
    """
    refuse_existing(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    sealed = seal(key, passphrase)
    # Two authorities never have one name: a verifier that knows both would confuse their revocation lists.
    certificate = certificates.authority_certificate(key, f"Estu authority {secrets.token_hex(4)}", now)
    empty = certificates.revocation_list(Issuer(certificate, key), 1, [], now)
    files.folder(folder)
    files.write(folder / KEY, sealed)
    files.write(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM), PUBLIC)
    files.write(folder / REVOKED, empty.public_bytes(Encoding.PEM), PUBLIC)
    return certificate


def open_authority(folder: Path, passphrase: str) -> Issuer:
    """Open the authority's key.

    Raises:
        Refused: There is no authority, its files do not fit together, or the passphrase is wrong.
    """
    try:
        pem, sealed = (folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes()
    except FileNotFoundError as reason:
        raise Refused(
            "authority-missing",
            f"{folder} holds no authority ({reason.filename} is missing).",
            "Name its folder with --authority, or make one with `estu-provision authority init`.",
        ) from reason
    key = unseal(sealed, passphrase)
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as reason:
        raise _unreadable(folder) from reason
    if certificate.public_key() != key.public_key():
        raise _unreadable(folder)
    return Issuer(certificate, key)


def server_names(names: list[str]) -> list[str]:
    """Check the names and addresses a server is to be known by.

    Raises:
        Refused: One is neither a host name nor an address. Wildcards are refused too: a broker has few names.
    """
    for name in names:
        if not _is_address(name) and not _is_host(name):
            raise Refused(
                "server-name-faulty",
                f'"{name}" is neither a host name nor an IP address.',
                "Give names as clients will call the server, such as broker.example or 192.0.2.10.",
            )
    return list(dict.fromkeys(names))


def publish_revocations(
    issuer: Issuer, folder: Path, number: int, revocations: list[Revocation], now: datetime
) -> Path:
    """Write the list of revoked boxes in the place of the one before, and give its path."""
    path = folder / REVOKED
    content = certificates.revocation_list(issuer, number, revocations, now).public_bytes(Encoding.PEM)
    atomic_file.replace(path, content)
    return path


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_host(name: str) -> bool:
    return len(name) <= LONGEST_HOST and all(LABEL_FORM.fullmatch(label) for label in name.split("."))


def _unreadable(folder: Path) -> Refused:
    return Refused(
        "authority-unreadable",
        f"The certificate and the key in {folder} do not belong together.",
        "Restore the authority's folder from its backup.",
    )
