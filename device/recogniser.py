"""What it takes to recognise, opened together: model, catalogue and matcher; nothing in it records."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from device import model_set
from device.catalogue import manifest
from device.catalogue.catalogue import Catalogue
from device.embedding import EmbeddingModel
from device.errors import Refused
from device.features import PARAMETERS
from device.gate import Gate
from device.host.in_use import Held
from device.match import background, calibration, chance
from device.match.background import Background
from device.match.calibration import Calibration
from device.match.chance import Chance
from device.match.matcher import Matcher
from device.model_set import ModelSet
from device.sound.cutter import Cutter

QUERY_HOP = 0.5  # seconds from one segment of the room to the next
_ATTEMPTS = 5  # where the catalogue is replaced while it is being opened


@dataclass(frozen=True)
class Recogniser:
    """Model, catalogue and matcher; while it is open, nobody removes their files."""

    model: EmbeddingModel
    catalogue: Catalogue
    matcher: Matcher
    background: Background
    calibration: Calibration
    chance: Chance  # how often unknown sound reaches a score
    gate: Gate | None  # None where none came with the model; then nobody tells music from speech
    held: Held

    def cutter(self) -> Cutter:
        """Begin a new stream."""
        return Cutter(PARAMETERS.window, round(QUERY_HOP * PARAMETERS.sample_rate), PARAMETERS.sample_rate)

    def close(self) -> None:
        """Let go of the files."""
        self.catalogue.close()
        self.held.let_go()


def open_recogniser(folder: Path, models: Path | None = None, former: Recogniser | None = None) -> Recogniser:
    """Open a catalogue with the model that it was built with.

    Args:
        folder: The catalogue's.
        models: Where models that came with updates lie; None: there is only the shipped one.
        former: One that is open; its model is used on, where it is the same.

    Raises:
        Refused: The catalogue, or a file of the model, is not acceptable.
    """
    for _ in range(_ATTEMPTS - 1):
        content = _read(folder)
        try:
            return _open(folder, content, models, former)
        except (Refused, FileNotFoundError):
            if _read(folder) == content:
                break  # nobody has replaced it meanwhile: it is as it is
    try:
        return _open(folder, _read(folder), models, former)
    except OSError as error:
        raise Refused(
            "catalogue-missing",
            f"{error.filename or folder} cannot be read: {error.strerror or error}.",
            "Check the path, or fetch the catalogue again.",
        ) from error


@contextmanager
def recogniser(folder: Path, models: Path | None = None) -> Iterator[Recogniser]:
    """Open a catalogue with its model while the context lasts; as `open_recogniser`."""
    opened = open_recogniser(folder, models)
    try:
        yield opened
    finally:
        opened.close()


def renumbering(former: Catalogue, newer: Catalogue) -> Callable[[int], int | None]:
    """Give what says which number a recording of one catalogue has in another; None: it is not there, or withdrawn."""

    def number_of(number: int) -> int | None:
        found = newer.number(former.recording(number).id)
        return None if found in newer.withdrawn_numbers else found

    return number_of


def _read(folder: Path) -> bytes:
    return manifest.read_checked(folder / manifest.MANIFEST, manifest.MANIFEST_BYTES)


def _open(folder: Path, content: bytes, models: Path | None, former: Recogniser | None) -> Recogniser:
    told = manifest.decode_manifest(content)
    found = model_set.find(told.model, models)
    folders = [folder / manifest.PARTS / part.name for part in told.parts]
    if found != model_set.shipped():
        folders.append(found.folder)
    held = Held(folders)
    try:
        model, gate = _loaded(found, told.model, former)
        catalogue = Catalogue.open(folder, model.digest, PARAMETERS.digest)
        crowd = background.load(model.dimension, found.background)
        measured = calibration.load(found.calibration, model.digest)
        matcher = Matcher(catalogue, crowd, measured, hop=QUERY_HOP, window=PARAMETERS.seconds)
        tail = chance.load(found.calibration)
    except BaseException:
        held.let_go()
        raise
    return Recogniser(model, catalogue, matcher, crowd, measured, tail, gate, held)


def _loaded(found: ModelSet, digest: str, former: Recogniser | None) -> tuple[EmbeddingModel, Gate | None]:
    if former is not None and former.model.digest == digest:
        return former.model, former.gate
    return EmbeddingModel(found.embedding), None if found.gate is None else Gate(found.gate)
