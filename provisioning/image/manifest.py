"""What whoever builds an image says of it, signed: a JWS in compact form (Ed25519), beside the image.

    estu-1.2.img.xz   the image; or .img, or .img.zst: the manifest speaks of what is inside
    estu-1.2.bmap     which of its blocks carry anything
    estu-1.2.jws      the manifest: version, size, SHA-256 and partitions of the image, SHA-256 of the map

- The signature is checked before anything else is looked at, the map by its digest before it is parsed.
- Each stretch of the image has its digest in the map, so whatever is written was signed for, also if somebody changes
  the file between the check of the whole and the writing.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device.errors import Refused
from device.record.json_text import dump, load
from device.record.keys import Jwks
from device.record.signature import Signer, sign, verify
from provisioning.card.partitions import Table, read_table
from provisioning.image import block_map
from provisioning.image.block_map import BlockMap
from provisioning.image.packed import open_image, stem

IMAGE_KEYS = "image-keys.jwks"  # in the authority's folder
TYP = "estu-image+json"
LONGEST_MANIFEST = 16_384  # bytes
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1024 * 1024  # bytes
_ADVICE = "Get image, map and manifest again from where the image was published; do not write it on a card."


@dataclass(frozen=True)
class Manifest:
    """An image in a few words."""

    version: str
    size: int  # bytes, unpacked
    sha256: str  # of the unpacked image, hexadecimal
    map_sha256: str  # of the file with the map
    table: Table  # its partitions, for a packed image cannot be asked for them


@dataclass(frozen=True)
class SignedImage:
    """An image whose manifest and map were found to be signed; its bytes are still to be checked."""

    path: Path
    manifest: Manifest
    jws: bytes  # the manifest as it was signed
    map_xml: bytes
    block_map: BlockMap


def image_keys(authority: Path, given: Path | None) -> Jwks:
    """Read the public keys of those who may publish images.

    Args:
        authority: Its folder, where they are unless a file is given.
        given: That file.

    Raises:
        Refused: There are none.
    """
    path = given or authority / IMAGE_KEYS
    if not path.is_file():
        raise Refused(
            "image-keys-missing",
            f"There is no {path}: it is not known whose images may be trusted.",
            f"Put the publisher's {IMAGE_KEYS} there, or name it with --image-keys.",
        )
    return Jwks.load(path)


def write_manifest(path: Path, version: str, signer: Signer) -> tuple[bytes, bytes]:
    """Map an image and sign for it.

    Args:
        path: The image, not packed; it may be packed afterwards.
        version: What its users will call it, such as 1.2.0.
        signer: The key of whoever publishes images.

    Returns:
        The map's file and the manifest's; the same image, version and key give the same bytes.

    Raises:
        Refused: It is packed, or not laid out as a card of Estu's.
    """
    stem(path)
    if path.suffix != ".img":
        raise Refused("image-packed", f"{path} is packed.", "Sign the .img; pack it before or after.")
    table = read_table(path)
    with open_image(path) as image:
        mapped, digest = block_map.map_of(image)
    xml = mapped.as_xml()
    content = {
        "version": version,
        "size": mapped.size,
        "sha256": digest,
        "map_sha256": hashlib.sha256(xml).hexdigest(),
        "partitions": table.as_json(),
    }
    return xml, sign(dump(content), TYP, signer)


def open_signed(path: Path, keys: Jwks) -> SignedImage:
    """Take an image whose manifest one of these keys has signed.

    Args:
        path: The image; map and manifest lie beside it.
        keys: Public keys of those who may publish images.

    Raises:
        Refused: A file is missing, unsigned, signed by somebody else, or not what was signed.
    """
    name = stem(path)
    if not path.is_file():
        raise _missing(path)
    jws = _read(path.with_name(f"{name}.jws"), LONGEST_MANIFEST)
    manifest = read_manifest(jws, keys)
    xml = _read(path.with_name(f"{name}.bmap"), block_map.LARGEST_MAP)
    if hashlib.sha256(xml).hexdigest() != manifest.map_sha256:
        raise Refused("image-map-altered", f"The map beside {path} is not the one that was signed.", _ADVICE)
    mapped = block_map.parse(xml)
    if mapped.size != manifest.size:
        raise Refused("image-map-altered", f"The map beside {path} belongs to another image.", _ADVICE)
    return SignedImage(path, manifest, jws, xml, mapped)


def read_manifest(jws: bytes, keys: Jwks) -> Manifest:
    """Check the signature of a manifest and read it.

    Raises:
        Refused: None of the keys has signed it, or it is no manifest.
    """
    try:
        payload = verify(jws.strip(), keys, TYP, LONGEST_MANIFEST).payload
    except Refused as reason:
        raise Refused(
            "image-signature-wrong",
            f"The image's manifest is not signed by a key that is trusted here: {reason.message}",
            "Take images from those whose keys you have, and the keys (image-keys.jwks) over another way than the image.",
        ) from reason
    content = load(payload, depth=3)
    try:
        version, size = str(content["version"]), int(content["size"])
        digests = [str(content[name]) for name in ("sha256", "map_sha256")]
        table = Table.of_json(content["partitions"], size)
    except (KeyError, TypeError, ValueError) as reason:
        raise _incomplete() from reason
    if not all(_DIGEST.fullmatch(digest) for digest in digests):
        raise _incomplete()
    return Manifest(version, size, digests[0], digests[1], table)


def check_digest(signed: SignedImage, advance: Callable[[int], None]) -> None:
    """Read the whole image and hold it against its manifest.

    Args:
        signed: The image.
        advance: Told of each piece how many bytes it has.

    Raises:
        Refused: It is not the image that was signed.
    """
    digest, size = hashlib.sha256(), 0
    with open_image(signed.path) as image:
        while size <= signed.manifest.size and (chunk := image.read(_CHUNK)):
            digest.update(chunk)
            size += len(chunk)
            advance(len(chunk))
    if size != signed.manifest.size or digest.hexdigest() != signed.manifest.sha256:
        raise altered(signed.path)


def altered(path: Path) -> Refused:
    """Say that an image's bytes are not those that were signed."""
    return Refused("image-altered", f"{path} is not the image that was signed.", _ADVICE)


def _read(path: Path, longest: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(longest + 1)
    except FileNotFoundError as reason:
        raise _missing(path) from reason
    if len(content) > longest:
        raise Refused("image-manifest-faulty", f"{path} is larger than {longest} bytes.", _ADVICE)
    return content


def _missing(path: Path) -> Refused:
    return Refused(
        "image-missing",
        f"There is no {path}.",
        "An image comes as three files: NAME.img (or .img.xz, .img.zst), NAME.bmap and NAME.jws.",
    )


def _incomplete() -> Refused:
    return Refused(
        "image-manifest-faulty",
        "The image's manifest lacks a version, a size, a digest or partitions.",
        _ADVICE,
    )
