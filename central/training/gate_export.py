"""From a trained gate to the int8 file that ships, with the probabilities from which music is music."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from central.training import gate_training
from central.training.export import CALIBRATION_WINDOWS, converted, quantised, with_metadata
from central.training.gate_net import GateNet
from central.training.gate_thresholds import Threshold, threshold
from central.training.gate_training import CHECKPOINT, Examples
from device.features import PARAMETERS
from device.gate import METADATA, Gate

LARGEST = 50_000  # parameters


def export(run: Path, pool: Path, target: Path) -> Gate:
    """Write a run's network as an int8 model.

    The thresholds are set with the int8 model itself, on examples of tracks and voices that were not trained on.

    Args:
        run: Folder of the checkpoint.
        pool: Folder of the examples.
        target: The `.tflite` to write; replaced only when the new one loads.

    Returns:
        The written gate, loaded as the box loads it.
    """
    net, trained = gate_training.load(run / CHECKPOINT)
    if net.parameter_count() > LARGEST:
        raise ValueError(f"The gate has {net.parameter_count()} parameters, more than {LARGEST}.")
    held = gate_training.read(pool, "held")
    model = quantised(
        converted(net), gate_training.read(pool, "train").spectrograms[: 4 * CALIBRATION_WINDOWS]
    )
    metadata = {
        "parameters_digest": PARAMETERS.digest,
        "parameters": json.loads(PARAMETERS.canonical),
        "network_parameters": net.parameter_count(),
        "trained": trained,
        "music_from": 0.5,
        "speech_from": 0.5,
    }
    beside = target.with_name(f".{target.name}.part")
    beside.write_bytes(with_metadata(model, metadata, METADATA))
    said = _logits(Gate(beside), held)
    music, speech = (
        threshold(said[:, column], held.labels[:, column] == 1, held.kinds) for column in range(2)
    )
    metadata |= {
        "music_from": round(music.probability, 4),
        "speech_from": round(speech.probability, 4),
        "held_out": {"music": _told(music), "speech": _told(speech)},
        "int8_against_float": round(_largest_difference(Gate(beside), net, held), 4),
    }
    beside.write_bytes(with_metadata(model, metadata, METADATA))
    Gate(beside)
    beside.replace(target)
    return Gate(target)


def _logits(gate: Gate, examples: Examples) -> NDArray[np.float32]:
    said = np.clip(gate.probabilities(examples.spectrograms), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(said / (1 - said)), dtype=np.float32)


def _told(threshold: Threshold) -> dict[str, object]:
    wrong = {kind: round(share, 4) for kind, share in threshold.wrong.items()}
    return {"missed": round(threshold.missed, 4), "wrong": wrong}


def _largest_difference(gate: Gate, net: GateNet, examples: Examples) -> float:
    """Give the difference of probability that 99 % of the examples keep below."""
    exact = 1 / (1 + np.exp(-gate_training.logits(net, examples)))
    return float(np.quantile(np.abs(gate.probabilities(examples.spectrograms) - exact).max(axis=1), 0.99))
