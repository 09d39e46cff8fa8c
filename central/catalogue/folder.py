"""The catalogue's folder as the builder sees it: the manifest changed in one step, and what nobody names removed."""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from central.catalogue.part_writing import sync
from device.catalogue import manifest
from device.catalogue.manifest import Manifest, WithdrawnEntry


def write_withdrawn(folder: Path, ids: Iterable[str]) -> WithdrawnEntry | None:
    """Write the list of withdrawn recordings; none is no file."""
    listed = sorted(set(ids))
    if not listed:
        return None
    content = msgspec.json.encode(listed)
    digest = hashlib.sha256(content).hexdigest()
    entry = WithdrawnEntry(f"withdrawn-{digest[:16]}.json", len(content), digest)
    _write(folder / entry.name, content)
    return entry


def write_manifest(folder: Path, new: Manifest) -> None:
    """Make a manifest the valid one."""
    _write(folder / manifest.MANIFEST, manifest.encode(new))


def tidy(folder: Path, valid: Manifest) -> None:
    """Remove parts and lists that the manifest does not name; who has them open still reads them."""
    named = {part.name for part in valid.parts}
    for part in (folder / manifest.PARTS).iterdir():
        if part.name not in named:
            shutil.rmtree(part)
    for listed in folder.glob("withdrawn-*.json*"):
        if valid.withdrawn is None or listed.name != valid.withdrawn.name:
            listed.unlink()


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    sync(beside)
    beside.replace(path)
    sync(path.parent)
