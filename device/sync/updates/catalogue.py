"""The catalogue on the box, brought to what is published: parts that are lacking, then the manifest, in one step.

    CATALOGUE/.incoming/     files on their way
    CATALOGUE/.staged/       the new manifest, with what it names as seen from there; it is opened and verified here

Rules:
1. The catalogue in use is not touched: parts never change, and new ones lie beside it, unnamed, until all are there.
2. What is new is opened and verified as `estu listen` will open it, before the manifest is replaced.
3. Never an older one: also where whoever publishes says so, the box takes no catalogue that was made before its own.
4. The manifest is replaced last, in one step. Whatever moment the power fails, one whole catalogue is there.
5. Parts that nobody names any more go once nobody has them open.
"""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from tuf.api.metadata import TargetFile

from device.catalogue import manifest
from device.catalogue.catalogue import Catalogue
from device.catalogue.manifest import MANIFEST, PARTS, Manifest, PartEntry
from device.errors import Refused
from device.features import PARAMETERS
from device.host import atomic_file, in_use
from device.sync.updates import names
from device.sync.updates.download import Downloads
from device.sync.updates.models import Models
from device.sync.updates.trust import Trust, on_disk

INCOMING = ".incoming"
_STAGED = ".staged"

Wanted = tuple[TargetFile, Path]  # what is signed, and where it belongs


class Facts(msgspec.Struct, frozen=True):
    """What is signed about a catalogue beside its length and hash."""

    version: Annotated[int, Meta(ge=1)]  # counts up with each catalogue that is published
    created: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]  # UTC
    model: manifest.Digest
    parameters: manifest.Digest  # of the features


@dataclass(frozen=True)
class Present:
    """The catalogue that is there."""

    digest: str  # of its manifest
    manifest: Manifest


class CatalogueUpdate:
    """Brings one catalogue's folder to what is published."""

    def __init__(self, folder: Path, downloads: Downloads, models: Models) -> None:
        """Take the places.

        Args:
            folder: The catalogue's.
            downloads: Fetches files by way of `folder / INCOMING`.
            models: Those that the box has.
        """
        self._folder, self._downloads, self._models = folder, downloads, models

    def take(self, trust: Trust) -> Facts | None:
        """Take what is published, if it is another catalogue than the one that is there.

        Args:
            trust: Refreshed.

        Returns:
            What is signed about the catalogue that is there now; None if none is published.

        Raises:
            Refused: It is older, damaged, or made for other software; the catalogue that was there stays.
            Waiting: The connection broke, or the disk takes nothing; what has come stays.
        """
        target = trust.file(names.CATALOGUE)
        if target is None:
            return None
        facts = _facts(target)
        present = self._present()
        if present is None or present.digest != target.hashes["sha256"]:
            self._replace(trust, target, facts, present)
        try:
            self._tidy()
        except OSError as error:
            raise on_disk(error) from error
        return facts

    def _replace(self, trust: Trust, target: TargetFile, facts: Facts, present: Present | None) -> None:
        if facts.parameters != PARAMETERS.digest:
            raise Refused(
                "updates-other-software",
                "The published catalogue is for another version of the software.",
                "The box keeps the one it has until its software is updated.",
            )
        _refuse_older(facts.created, present)
        self._models.take(trust, facts.model)
        try:
            staged = self._stage()
            self._downloads.fetch(target, staged / MANIFEST)
            content = manifest.read_checked(staged / MANIFEST, manifest.MANIFEST_BYTES)
            new = manifest.decode_manifest(content)
            _refuse_other(facts, new)
            self._fetch(trust, new, staged)
            self._verify(staged, new, present)
            atomic_file.replace(self._folder / MANIFEST, content)
        except OSError as error:
            raise on_disk(error) from error

    def _fetch(self, trust: Trust, new: Manifest, staged: Path) -> None:
        """Fetch all that the manifest names and that is not there."""
        lacking = [one for part in new.parts for one in self._lacking(trust, part)]
        listed = new.withdrawn
        if listed is not None:
            target = trust.needed(names.CATALOGUE_FOLDER + listed.name)
            _refuse_mixture(target, listed.size, listed.sha256)
            path = self._folder / listed.name
            if not _is(path, listed.sha256):
                lacking.append((target, path))
            (staged / listed.name).symlink_to(Path("..") / listed.name)
        self._downloads.refuse_full([target for target, _ in lacking])
        for target, path in lacking:
            self._downloads.fetch(target, path)

    def _lacking(self, trust: Trust, part: PartEntry) -> Iterator[Wanted]:
        """Give the files of a part that are not there; its description is fetched at once."""
        folder = self._folder / PARTS / part.name
        described = trust.needed(names.part_file(part.name, manifest.PART))
        _refuse_mixture(described, described.length, part.sha256)
        if not _is(folder / manifest.PART, part.sha256):
            self._downloads.fetch(described, folder / manifest.PART)
        told = manifest.decode_part(
            manifest.read_checked(folder / manifest.PART, manifest.MANIFEST_BYTES, part.sha256)
        )
        for file in told.files:
            if not names.is_file_name(file.name):
                raise Refused(
                    "updates-file-name",
                    f"A part names a file {file.name!r}.",
                    "The platform must build it anew.",
                )
            target = trust.needed(names.part_file(part.name, file.name))
            _refuse_mixture(target, file.size, file.sha256)
            path = folder / file.name
            if not path.exists() or path.stat().st_size != file.size:
                yield target, path

    def _verify(self, staged: Path, new: Manifest, present: Present | None) -> None:
        """Open the new catalogue as it will be opened, and read what is new in it."""
        had = {part.name for part in present.manifest.parts} if present else set()
        fresh = [part.name for part in new.parts if part.name not in had]
        try:
            with Catalogue.open(staged, new.model, PARAMETERS.digest) as opened:
                for part in opened.parts:
                    if part.name in fresh:
                        part.verify()
        except Refused:
            for name in fresh:  # so that they are fetched anew
                in_use.remove_unused(self._folder / PARTS / name)
            raise

    def _stage(self) -> Path:
        """Make an empty place from where the parts can be seen."""
        staged = self._folder / _STAGED
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        (self._folder / PARTS).mkdir(exist_ok=True)
        (staged / PARTS).symlink_to(Path("..") / PARTS)
        return staged

    def _tidy(self) -> None:
        """Remove what nobody needs any more; what somebody has open goes another time."""
        present = self._present()
        if present is None:
            return
        named = {part.name for part in present.manifest.parts}
        for part in (self._folder / PARTS).iterdir():
            if part.name not in named:
                in_use.remove_unused(part)
        listed = present.manifest.withdrawn
        for path in self._folder.glob("withdrawn-*.json"):
            if listed is None or path.name != listed.name:
                path.unlink()
        for path in self._folder.glob(f".{MANIFEST}.*"):  # a kill left it while the manifest was replaced
            path.unlink()
        shutil.rmtree(self._folder / _STAGED, ignore_errors=True)
        self._downloads.forget()
        self._models.tidy(present.manifest.model)

    def _present(self) -> Present | None:
        """Give the catalogue that is there, None if there is none that could be opened."""
        try:
            content = manifest.read_checked(self._folder / MANIFEST, manifest.MANIFEST_BYTES)
            return Present(hashlib.sha256(content).hexdigest(), manifest.decode_manifest(content))
        except Refused:
            return None


def _facts(target: TargetFile) -> Facts:
    try:
        return msgspec.convert(target.custom, Facts)
    except msgspec.ValidationError as error:
        raise Refused(
            "updates-incomplete",
            f"What is signed about {target.path} is not as it must be: {error}.",
            "The platform's operator must publish it again; the box keeps what it has.",
        ) from error


def _refuse_older(created: str, present: Present | None) -> None:
    if present is not None and created < present.manifest.created:
        raise Refused(
            "updates-older-catalogue",
            f"The published catalogue is of {created}, the box has one of {present.manifest.created}.",
            "The box keeps the newer one. The platform's operator must publish one that was built later.",
        )


def _refuse_other(facts: Facts, new: Manifest) -> None:
    if (facts.created, facts.model, facts.parameters) != (new.created, new.model, new.parameters):
        raise _mixture(names.CATALOGUE)


def _refuse_mixture(target: TargetFile, size: int, sha256: str) -> None:
    """Refuse a file that is signed as another one than the manifest names."""
    if (target.length, target.hashes["sha256"]) != (size, sha256):
        raise _mixture(target.path)


def _mixture(name: str) -> Refused:
    return Refused(
        "updates-mixture",
        f"The published file {name} does not belong to the published catalogue.",
        "The platform's operator must publish it again; the box keeps what it has.",
    )


def _is(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False
