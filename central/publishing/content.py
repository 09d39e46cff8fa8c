"""What is published: catalogues, models, systems, and the names that boxes look for.

    catalogue/catalogue.json          the manifest; with it, in words for the box: version, created, model, parameters
    catalogue/withdrawn-DIGEST.json   if anything is withdrawn
    catalogue/parts/NAME/FILE         the parts' files; NAME comes from the part's digest
    model/DIGEST/FILE                 a model with its calibration and background, by the model's digest
    system/system.raucb               a bundle for RAUC, which checks a signature of its own before it installs it

`device/sync/updates/names.py` has the same names for the box.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from central.publishing import target_files
from central.publishing.repository import Names
from central.publishing.shelf import Shelf
from device import model_set
from device.catalogue import manifest
from device.catalogue.catalogue import Catalogue
from device.catalogue.part import Part
from device.embedding import EmbeddingModel
from device.errors import Refused
from device.match import background, calibration
from device.sync.updates import names as published

Change = Callable[[Names], None]


def catalogue(shelf: Shelf, folder: Path, now: Names) -> Change:
    """Put a catalogue's files where boxes find them, and give the change that names them.

    Parts that are published already are not read again; others are compared with their digests.

    Args:
        shelf: The repository.
        folder: The catalogue's folder.
        now: What is published.

    Raises:
        Refused: The catalogue is damaged, or older than the published one.
    """
    content = manifest.read_checked(folder / manifest.MANIFEST, manifest.MANIFEST_BYTES)
    told = manifest.decode_manifest(content)
    former = now.get(published.CATALOGUE)
    custom = former.custom if former is not None else {}
    if former is not None and told.created < custom["created"]:
        raise Refused(
            "publish-older",
            f"The catalogue is of {told.created}, the published one of {custom['created']}: no box would take it.",
            "Build it anew, or publish another one.",
        )
    files: dict[str, Path] = {}
    with Catalogue.open(folder, told.model, told.parameters) as opened:
        for part in opened.parts:
            files |= _part(part, now)
    if told.withdrawn is not None:
        files[published.CATALOGUE_FOLDER + told.withdrawn.name] = folder / told.withdrawn.name
    new = {name: target_files.put(shelf, name, path) for name, path in files.items()}
    facts = {"created": told.created, "model": told.model, "parameters": told.parameters}
    same = former is not None and former.hashes["sha256"] == hashlib.sha256(content).hexdigest()
    facts["version"] = custom["version"] if same else custom.get("version", 0) + 1
    new[published.CATALOGUE] = target_files.put(shelf, published.CATALOGUE, folder / manifest.MANIFEST, facts)

    def change(names: Names) -> None:
        for name in [name for name in names if name.startswith(published.CATALOGUE_FOLDER)]:
            del names[name]
        names.update(new)

    return change


def model(shelf: Shelf, folder: Path) -> tuple[str, Change]:
    """Put a model with what belongs to it where boxes find it, and give its digest and the change that names it.

    Models that no catalogue needs any more are not named any more.

    Args:
        shelf: The repository.
        folder: With `embedding.tflite`, `calibration.json` and `background.npy`, and `gate.tflite` if there is one.

    Raises:
        Refused: A file is missing, or they do not belong together.
    """
    loaded = EmbeddingModel(folder / model_set.EMBEDDING)
    calibration.load(folder / model_set.CALIBRATION, loaded.digest)
    background.load(loaded.dimension, folder / model_set.BACKGROUND)
    new = {
        name: target_files.put(shelf, name, folder / file)
        for file in model_set.FILES
        if (folder / file).exists()
        for name in [published.model_file(loaded.digest, file)]
    }

    def change(names: Names) -> None:
        wanted = names[published.CATALOGUE].custom["model"] if published.CATALOGUE in names else ""
        kept = published.model_file(wanted, "")
        for name in [name for name in names if name.startswith(published.MODEL_FOLDER)]:
            if not name.startswith(kept):
                del names[name]
        names.update(new)

    return loaded.digest, change


def system(shelf: Shelf, bundle: Path, version: str) -> Change:
    """Put a system's bundle where boxes find it, and give the change that names it.

    Args:
        shelf: The repository.
        bundle: As `rauc bundle` writes it.
        version: What people call it.

    Raises:
        Refused: The file is none.
    """
    try:
        with bundle.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise Refused(
            "publish-unreadable", f"{bundle} cannot be read: {error.strerror}.", "Check it."
        ) from error
    if magic != b"hsqs":  # a SquashFS, little endian, which RAUC's bundles are
        raise Refused(
            "publish-no-bundle",
            f"{bundle} is no bundle of RAUC's.",
            "Give the .raucb that `make bundle` writes.",
        )
    target = target_files.put(shelf, published.SYSTEM, bundle, {"version": version})

    def change(names: Names) -> None:
        names[published.SYSTEM] = target

    return change


def _part(part: Part, now: Names) -> dict[str, Path]:
    """Give a part's files by their names; one that is not published yet is read and compared first."""
    names = {published.part_file(part.name, file.name): file for file in part.description.files}
    if not all(name in now and now[name].hashes["sha256"] == file.sha256 for name, file in names.items()):
        part.verify()
    described = {published.part_file(part.name, manifest.PART): part.folder / manifest.PART}
    return described | {name: part.folder / file.name for name, file in names.items()}
