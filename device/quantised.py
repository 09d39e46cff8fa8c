"""A quantised model: spectrograms in, numbers out, on one core. The one door to LiteRT.

A model is an int8 LiteRT file. A ZIP archive is appended to it, as TensorFlow Lite's convention for metadata has it
(`unzip -p embedding.tflite embedding.json` shows it); in it the model says which feature parameters it was trained with.
A model of other parameters is refused, because it would answer, and wrongly.
"""

import json
import zipfile
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import Refused
from device.features import PARAMETERS

LARGEST_MODEL = 64 * 2**20  # bytes
LARGEST_METADATA = 64 * 2**10  # bytes


class QuantisedModel:
    """A model file, ready to answer."""

    def __init__(self, path: Path, metadata: str) -> None:
        """Load a model.

        Args:
            path: An int8 `.tflite` with metadata, as `central.training` exports it.
            metadata: The name of the metadata inside the appended archive.

        Raises:
            Refused: The file is no such model, or was trained on other feature parameters.
        """
        content = _read(path)
        self.digest = sha256(content).hexdigest()
        self.metadata = _metadata(path, metadata)
        if self.metadata.get("parameters_digest") != PARAMETERS.digest:
            raise Refused(
                "model-other-features",
                f"The model {path.name} was trained on other feature parameters than this program computes.",
                "Install the program and the model of the same release.",
            )
        try:
            self._interpreter = _interpreter()(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as reason:
            raise _unreadable(path) from reason
        (entry,), (answer,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if entry["dtype"] is not np.int8 or answer["dtype"] is not np.int8:
            raise _unreadable(path)
        self._input, self._output = entry["index"], answer["index"]
        self._shape = tuple(int(side) for side in entry["shape"])
        self._input_scale, self._input_zero = entry["quantization"]
        self._output_scale, self._output_zero = answer["quantization"]
        self.size = int(np.prod(answer["shape"]))  # numbers in an answer

    def answer(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answer spectrograms, one after the other on one core: quantise, invoke, dequantise.

        Args:
            log_mel: What `device.features.log_mel` gives, shape (n, bands, frames).

        Returns:
            Shape (n, size).
        """
        steps = np.rint(log_mel / self._input_scale) + self._input_zero
        entries = np.clip(steps, -128, 127).astype(np.int8).reshape(-1, *self._shape)
        answers = np.empty((len(entries), self.size), dtype=np.float32)
        for answer, entry in zip(answers, entries, strict=True):
            self._interpreter.set_tensor(self._input, entry)
            self._interpreter.invoke()
            answer[:] = self._interpreter.get_tensor(self._output).reshape(-1)
        return np.asarray((answers - np.float32(self._output_zero)) * np.float32(self._output_scale))


def _interpreter() -> Any:
    """Find the runtime: LiteRT, or its predecessor where only that is packaged."""
    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        try:
            return import_module(name).Interpreter
        except ModuleNotFoundError:
            continue
    raise Refused(
        "model-no-runtime", "No LiteRT is installed.", "Install estu with the extra `box` or `central`."
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_MODEL + 1)
    except OSError as reason:
        raise Refused("model-missing", f"There is no model at {path}.", "Install it again.") from reason
    if len(content) > LARGEST_MODEL or content[4:8] != b"TFL3":
        raise _unreadable(path)
    return content


def _metadata(path: Path, name: str) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
            metadata = json.loads(file.read(LARGEST_METADATA))
    except (zipfile.BadZipFile, KeyError, ValueError) as reason:
        raise _unreadable(path) from reason
    if not isinstance(metadata, dict):
        raise _unreadable(path)
    return metadata


def _unreadable(path: Path) -> Refused:
    return Refused(
        "model-unreadable", f"{path.name} is no int8 model with Estu's metadata.", "Install the model again."
    )
