"""Is this card the one that the register knows? Everything that can be told from outside the box.

A new card is wholly as it was flashed. One that was in a box has grown, and its data partition has been written by the
box: then the slots and the identity still say something, and what has changed is named.
"""

import base64
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from device.errors import Refused
from device.record.keys import PublicKey
from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import DATA, Table, read_table
from provisioning.card.target import Target
from provisioning.card.writing import digest_on
from provisioning.identity import IDENTITY_FOLDER, NETWORK_FOLDER, File
from provisioning.image.block_map import BlockMap
from provisioning.settings_file import SETTINGS, SIGNING_KEY, TLS_CERTIFICATE, TLS_KEY

PRIVATE_MARK = b"PRIVATE KEY-----"  # in every PEM of a private key (RFC 7468)
_CHUNK = 4 * 1024 * 1024  # bytes
_LAST_SYSTEM_USER = 999  # users of services lie below (Debian policy, 9.2.2)
_MOST_PLACES = 5  # that are named of what lies in the wrong place
_SECRET_LINES = (b"psk=", b"sae_password=")  # of wpa_supplicant.conf: sealed in the register


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    good: bool
    text: str  # a sentence without its full stop


@dataclass(frozen=True)
class Expected:
    """What the register says of a box's card."""

    kid: str
    certificate: bytes  # PEM
    files: dict[str, File]  # of /etc/estu, but for the keys and the certificate
    network: dict[str, File]


def box_on(path: Path) -> tuple[Table, str]:
    """Read a card's partitions, and whose card it says it is.

    Raises:
        Refused: It is no card of Estu's, or says of no box that it is its card.
    """
    table = read_table(path)
    content = DataPartition(path, table.data).read(f"{IDENTITY_FOLDER}/{SETTINGS}")
    try:
        return table, str(tomllib.loads(content.decode())["box"]["id"])
    except (ValueError, KeyError, TypeError) as reason:
        raise Refused(
            "card-settings-damaged", f"The settings on {path} name no box.", "Flash the card again."
        ) from reason


def image_findings(
    target: Target, block_map: BlockMap, table: Table, advance: Callable[[int], None]
) -> Iterator[Finding]:
    """Hold everything but the data partition against the image that was flashed, partition by partition."""
    differing: dict[str, int] = {}
    counted: dict[str, int] = {}
    for stretch in block_map.stretches:
        name = table.at(stretch.start)
        if name != DATA:
            counted[name] = counted.get(name, 0) + 1
            if digest_on(target, stretch.start, stretch.end) != stretch.sha256:
                differing.setdefault(name, stretch.start)
        advance(stretch.end - stretch.start)
    for name in counted:
        if name in differing:
            yield Finding(False, f"{name} differs from the image, first near byte {differing[name]}")
        else:
            yield Finding(True, f"{name} is as in the image")


def identity_findings(path: Path, table: Table, expected: Expected) -> Iterator[Finding]:
    """Hold the box's own files against the register, and its keys against each other."""
    data = DataPartition(path, table.data)
    objection = data.objection()
    yield Finding(objection is None, f"the data partition's file system is {objection or 'sound'}")
    names = {
        **{f"{IDENTITY_FOLDER}/{name}": file for name, file in expected.files.items()},
        **{f"{NETWORK_FOLDER}/{name}": file for name, file in expected.network.items()},
        f"{IDENTITY_FOLDER}/{TLS_CERTIFICATE}": File(expected.certificate, 0o644),
    }
    different = [name for name, file in names.items() if _known(_read(data, name)) != _known(file.content)]
    yield _all(
        different, "settings, certificates and network are as in the register", "differs from the register"
    )

    signing, tls = (_read(data, f"{IDENTITY_FOLDER}/{name}") for name in (SIGNING_KEY, TLS_KEY))
    yield Finding(_thumbprint(signing) == expected.kid, "the signing key is the register's")
    yield Finding(_fits(tls, expected.certificate), "the TLS key fits the certificate in the register")

    modes = {name: file.mode for name, file in names.items()}
    modes |= {f"{IDENTITY_FOLDER}/{name}": 0o600 for name in (SIGNING_KEY, TLS_KEY)}
    yield _all(
        _wrong_modes(data, modes), "owners and permissions are right", "has a wrong owner or permissions"
    )
    there = {entry.path for folder in (IDENTITY_FOLDER, NETWORK_FOLDER) for entry in data.folder(folder)}
    yield _all(
        sorted(there - set(modes)), "no file is there that does not belong there", "does not belong there"
    )


def secret_findings(
    target: Target, block_map: BlockMap | None, table: Table, size: int, advance: Callable[[int], None]
) -> Iterator[Finding]:
    """Look for private keys in every byte of the image's extent that is not known to be the image's.

    Args:
        target: The card.
        block_map: What was found to be the image's own; None: nothing was.
        table: The card's partitions.
        size: Bytes to look at, from the beginning.
        advance: Told of each piece how many bytes it has.
    """
    data = DataPartition(target.path, table.data)
    keys = [f"{IDENTITY_FOLDER}/{name}" for name in (SIGNING_KEY, TLS_KEY)]
    allowed = [place for name in keys for place in data.stretches(name)]
    needles = [PRIVATE_MARK, *(form for name in keys for form in _forms(_read(data, name)))]
    known = [] if block_map is None else [s for s in block_map.stretches if table.at(s.start) != DATA]
    overlap = max(map(len, needles))
    found = []
    position = 0
    for start, end in [*((each.start, each.end) for each in known), (size, size)]:
        for offset in range(position, start, _CHUNK):
            content = target.read(offset, min(_CHUNK + overlap, start - offset))
            places = (offset + place for needle in needles for place in _places(content, needle))
            found += [place for place in places if not any(low <= place < high for low, high in allowed)]
            advance(min(_CHUNK, start - offset))
        position = end
    named = [f"byte {place} ({table.at(place)})" for place in sorted(set(found))[:_MOST_PLACES]]
    yield _all(
        named, "no private key lies in another place than its own", "holds a private key or a part of one"
    )


def _all(wrong: Sequence[str], good: str, fault: str) -> Finding:
    return Finding(not wrong, f"{', '.join(wrong)} {fault}" if wrong else good)


def _read(data: DataPartition, name: str) -> bytes:
    """Give a file's content; what is not there is empty, and fits nothing."""
    try:
        return data.read(name)
    except Refused:
        return b""


def _known(content: bytes) -> bytes:
    """Leave out the lines that the register cannot tell without the authority's passphrase."""
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.strip().startswith(_SECRET_LINES))


def _thumbprint(pem: bytes) -> str | None:
    try:
        return PublicKey(OKPKey.import_key(pem), None).kid
    except (JoseError, ValueError, TypeError):
        return None


def _fits(pem: bytes, certificate: bytes) -> bool:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        return False
    return key.public_key() == x509.load_pem_x509_certificate(certificate).public_key()


def _wrong_modes(data: DataPartition, modes: dict[str, int]) -> list[str]:
    wrong = []
    for name, mode in modes.items():
        entry = data.entry(name)
        if entry is None or entry.mode != mode or max(entry.uid, entry.gid) > _LAST_SYSTEM_USER:
            wrong.append(name)
    return wrong


def _forms(pem: bytes) -> list[bytes]:
    """Give a private key in the forms in which it could lie about: raw, in base64, and as the lines of its PEM."""
    forms = [line for line in pem.splitlines() if len(line) > 40]
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        return forms
    if isinstance(key, ec.EllipticCurvePrivateKey):
        raw = key.private_numbers().private_value.to_bytes(32, "big")
    else:
        raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return [*forms, raw, base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"=")]


def _places(content: bytes, needle: bytes) -> Iterator[int]:
    place = content.find(needle)
    while place >= 0:
        yield place
        place = content.find(needle, place + 1)
