"""What `image key`, `image sign` and `image check` do, for those who build images and those who get one."""

from argparse import Namespace
from datetime import datetime
from pathlib import Path

from device.host import atomic_file
from device.record.keys import Jwks
from device.record.signing_key import SigningKey
from provisioning.image.manifest import IMAGE_KEYS, check_digest, image_keys, open_signed, write_manifest
from provisioning.image.packed import stem
from provisioning.new_files import PUBLIC, new_files
from provisioning.progress import bar

IMAGE_KEY = "image-key.pem"


def image_key(arguments: Namespace, actor: str, now: datetime) -> None:  # noqa: ARG001 (all commands have one form)
    """Make the pair of keys that images are signed with."""
    folder: Path = arguments.out
    key = SigningKey.create(None)
    with new_files() as files:
        files.folder(folder)
        files.written_by(folder / IMAGE_KEY, key.save)
        files.write(folder / IMAGE_KEYS, Jwks.of([key.public]).as_json(), PUBLIC)
    print(
        f"{folder / IMAGE_KEY} signs images: it stays with whoever publishes them.\n"
        f"{folder / IMAGE_KEYS} goes into the folder of each authority that trusts them."
    )


def image_sign(arguments: Namespace, actor: str, now: datetime) -> None:  # noqa: ARG001 (all commands have one form)
    """Map an image and sign for it; map and manifest of an earlier build are replaced."""
    path: Path = arguments.image
    name = stem(path)
    xml, jws = write_manifest(path, arguments.version, SigningKey.load(arguments.key, None))
    atomic_file.replace(path.with_name(f"{name}.bmap"), xml)
    atomic_file.replace(path.with_name(f"{name}.jws"), jws + b"\n")
    print(f"{path} is signed as version {arguments.version}: give {name}.bmap and {name}.jws away with it.")


def image_check(arguments: Namespace, actor: str, now: datetime) -> None:  # noqa: ARG001 (all commands have one form)
    """Check an image as `flash` would."""
    signed = open_signed(arguments.image, image_keys(arguments.authority, arguments.image_keys))
    with bar("Checking the image", signed.manifest.size) as advance:
        check_digest(signed, advance)
    print(
        f"{arguments.image} is version {signed.manifest.version} as it was signed: {signed.manifest.size} bytes, of which "
        f"{signed.block_map.mapped} carry something, SHA-256 {signed.manifest.sha256}."
    )
