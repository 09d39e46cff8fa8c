"""The network before quantisation, in the int8 model's place: what int8 costs is measured, not guessed.

Its references are stored as the box stores them, one byte a component; only the network differs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from central.catalogue import folder, part_writing
from central.catalogue.fingerprinting import fingerprint
from central.catalogue.part_writing import Reference
from device.catalogue import manifest
from device.catalogue.catalogue import Catalogue
from device.embedding import EmbeddingModel
from device.errors import Refused
from device.features import PARAMETERS

TORCH = ".pt"


class FloatModel(EmbeddingModel):
    """A training checkpoint (`.pt`, which needs the extra `training`) or a float `.tflite`."""

    def __init__(self, path: Path) -> None:
        """Load a model.

        Raises:
            Refused: The file is neither, or PyTorch is missing for a checkpoint.
        """
        self.digest = _digest(path)
        self.metadata = {}
        self._answer = _checkpoint(path) if path.suffix == TORCH else _tflite(path)
        self.dimension = self._answer(np.zeros((1, PARAMETERS.bands, PARAMETERS.frames), np.float32)).shape[1]

    def embed(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed spectrograms; as `EmbeddingModel.embed`."""
        if not len(log_mel):
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = self._answer(log_mel)
        return np.asarray(
            vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32
        )


def catalogue(
    of: Catalogue, files: Sequence[tuple[str, Path]], model: FloatModel, out: Path
) -> Iterator[None]:
    """Build a catalogue with a float model, of the same recordings in the same order; a step a recording.

    Args:
        of: The int8 model's catalogue, whose manifest and recordings are taken over.
        files: Each recording's id and file.
        model: The float model.
        out: The folder of the new catalogue; one that is there and of this model is left as it is.
    """
    try:
        Catalogue.open(out, model.digest, PARAMETERS.digest).close()
    except Refused:
        paths = dict(files)
        heard: list[Reference] = []
        for number in range(len(of)):
            recording = of.recording(number)
            found = fingerprint(paths[recording.id], model, of.reference_hop, report=lambda _: None)
            heard.append(Reference(recording, sha256(str(paths[recording.id]).encode()).hexdigest(), found))
            yield
        entry = part_writing.write(out / manifest.PARTS, heard)
        created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        folder.write_manifest(
            out, replace(of.manifest, created=created, model=model.digest, parts=(entry,), withdrawn=None)
        )


def _digest(path: Path) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Refused(
            "float-missing", f"There is no model at {path}.", "Check the path of --float."
        ) from error


def _checkpoint(path: Path):  # type: ignore[no-untyped-def]
    try:
        training, checkpoint = (
            import_module(f"central.training.{name}") for name in ("training", "checkpoint")
        )
    except ModuleNotFoundError as error:
        raise Refused(
            "float-no-torch",
            f"{path.name} is a checkpoint, and PyTorch is not installed.",
            "Install the extra `training`, or give a float .tflite.",
        ) from error
    return training.embed_with(checkpoint.load(path))


def _tflite(path: Path):  # type: ignore[no-untyped-def]
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise Refused("float-unreadable", f"{path.name} is no model: {error}.", "Check --float.") from error
    (entry,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    if entry["dtype"] is not np.float32:
        raise Refused("float-not-float", f"{path.name} is quantised.", "Give the model before quantisation.")

    def answers(spectrograms: NDArray[np.float32]) -> NDArray[np.float32]:
        given = []
        for one in spectrograms:
            interpreter.set_tensor(entry["index"], one.reshape(entry["shape"]).astype(np.float32))
            interpreter.invoke()
            given.append(interpreter.get_tensor(answer["index"]).reshape(-1).copy())
        return np.stack(given)

    return answers
