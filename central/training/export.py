"""From a trained network to the int8 file that ships.

The network is converted by litert-torch, its weights and activations are quantised by ai-edge-quantizer with ranges
measured on real spectrograms, and the metadata that `device.embedding` demands is appended as a ZIP archive.
"""

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from central.training.blocks import BlocksFirst
from central.training.net import EmbeddingNet
from device.embedding import METADATA, EmbeddingModel
from device.errors import Refused
from device.features import PARAMETERS

LARGEST_PARAMETERS, LARGEST_FILE = (
    1_000_000,
    1_200_000,
)  # what a box of this size carries; the second in bytes
CALIBRATION_WINDOWS = 500  # spectrograms that decide the ranges of the activations


def export(
    net: EmbeddingNet,
    spectrograms: NDArray[np.float32],
    target: Path,
    trained: list[dict[str, Any]],
    exact: Path | None = None,
) -> EmbeddingModel:
    """Write a network as an int8 model.

    Args:
        net: The network, trained or not.
        spectrograms: Clean and degraded ones, shape (n, bands, frames), to measure activations on.
        target: The `.tflite` to write; replaced only when the new one loads.
        trained: How it was trained, run by run; goes into the metadata for whoever holds the file.
        exact: Where to write the float `.tflite` too, for `estu-central evaluate --float`.

    Returns:
        The written model, loaded as the box loads it.

    Raises:
        Refused: The network or its file is larger than a box should carry.
    """
    if net.parameter_count() > LARGEST_PARAMETERS:
        raise _too_large(f"{net.parameter_count():,} parameters", f"{LARGEST_PARAMETERS:,}")
    metadata = {
        "parameters_digest": PARAMETERS.digest,
        "parameters": json.loads(PARAMETERS.canonical),
        "dimension": net.shape.dimension,
        "trained": trained,
    }
    beside = target.with_name(f".{target.name}.part")
    unquantised = converted(BlocksFirst(net))
    if exact is not None:
        exact.write_bytes(unquantised)
    beside.write_bytes(with_metadata(quantised(unquantised, spectrograms), metadata, METADATA))
    EmbeddingModel(beside)
    if (size := beside.stat().st_size) > LARGEST_FILE:
        beside.unlink()
        raise _too_large(f"{size:,} bytes", f"{LARGEST_FILE:,}")
    beside.replace(target)
    return EmbeddingModel(target)


def _too_large(has: str, at_most: str) -> Refused:
    return Refused("export-too-large", f"The model has {has}, more than {at_most}.", "Train a narrower one.")


def converted(net: torch.nn.Module) -> bytes:
    """Convert a network of one spectrogram to a float `.tflite` of batch 1."""
    import litert_torch

    example = (torch.zeros(1, 1, PARAMETERS.bands, PARAMETERS.frames),)
    converted = litert_torch.convert(net.eval(), example)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float.tflite"
        converted.export(str(path))
        return path.read_bytes()


def quantised(model: bytes, spectrograms: NDArray[np.float32]) -> bytes:
    """Quantise weights per channel and activations to int8.

    Args:
        model: What `converted` gave.
        spectrograms: Shape (n, bands, frames), to measure the ranges of activations on.
    """
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import quantizer, recipe, recipe_manager
    from ai_edge_quantizer.calibrator import Calibrator
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    signatures = Interpreter(model_content=model).get_signature_list()
    (signature,) = signatures
    (entry,) = signatures[signature]["inputs"]
    chosen = spectrograms[:: max(1, len(spectrograms) // CALIBRATION_WINDOWS)][:CALIBRATION_WINDOWS]
    windows = [{entry: window[None, None].astype(np.float32)} for window in chosen]
    rules = recipe.static_wi8_ai8()
    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(rules)
    # Left to itself the library averages the ranges of single windows: a gate's sure answers, which few windows
    # give, were cut off at the average one.
    ranges = Calibrator(bytearray(model), qsv_update_func=min_max_update)
    ranges.calibrate({signature: windows}, manager)
    work = quantizer.Quantizer(bytearray(model), rules)
    return bytes(work.quantize(ranges.get_model_qsvs()).quantized_model)


def with_metadata(model: bytes, metadata: dict[str, Any], name: str) -> bytes:
    """Append the metadata as a ZIP archive; with a fixed date, so that equal models have equal digests."""
    appended = io.BytesIO()
    appended.write(model)
    with zipfile.ZipFile(appended, "a") as archive:
        entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, json.dumps(metadata, sort_keys=True, indent=1))
    return appended.getvalue()
