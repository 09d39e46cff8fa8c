"""The gate: music and speech are told apart and together, and a file that is no gate is refused."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from device.embedding import shipped_model_path
from device.errors import Refused
from device.features import PARAMETERS, log_mel
from device.gate import METADATA, Gate, Heard, shipped_gate_path
from tests.central.catalogue.music import melody

LARGEST = 50_000  # parameters


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate(shipped_gate_path())


def spectrograms(sound: np.ndarray) -> np.ndarray:
    return log_mel(
        np.lib.stride_tricks.sliding_window_view(sound, PARAMETERS.window)[:: PARAMETERS.sample_rate]
    )


def test_the_gate_is_as_small_as_it_says() -> None:
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.ModelT.InitFromPackedBuf(shipped_gate_path().read_bytes(), 0)
    weights = [
        int(np.prod(tensor.shape))
        for tensor in graph.subgraphs[0].tensors
        if graph.buffers[tensor.buffer].data is not None
    ]
    assert 5_000 < sum(weights) <= LARGEST
    assert shipped_gate_path().stat().st_size < 100_000


def test_a_melody_is_music(gate: Gate) -> None:
    told = gate.hear(spectrograms(melody(3, 12.0, PARAMETERS.sample_rate)))
    assert np.mean([one.is_music for one in told]) > 0.8


def test_hiss_is_neither(gate: Gate) -> None:
    told = gate.hear(spectrograms(np.random.default_rng(2).normal(0, 0.1, 96_000).astype(np.float32)))
    assert not any(one.is_music or one.is_speech for one in told)


def test_a_segment_is_told_the_same_alone_and_among_others(gate: Gate) -> None:
    many = spectrograms(melody(4, 8.0, PARAMETERS.sample_rate))
    alone = np.concatenate([gate.probabilities(one[None]) for one in many])
    np.testing.assert_array_equal(gate.probabilities(many), alone)


def test_no_segment_gives_no_answer(gate: Gate) -> None:
    assert gate.hear(np.empty((0, 64, 64), dtype=np.float32)) == []


@pytest.mark.parametrize(
    ("music", "speech", "is_music", "is_speech"),
    [(0.6, 0.4, True, True), (0.59, 0.39, False, False), (0.9, 0.1, True, False), (0.1, 0.9, False, True)],
)
def test_music_and_speech_are_judged_apart(
    music: float, speech: float, is_music: bool, is_speech: bool
) -> None:
    heard = Heard(music, speech, music_from=0.6, speech_from=0.4)
    assert (heard.is_music, heard.is_speech) == (is_music, is_speech)


def test_an_embedding_model_is_no_gate() -> None:
    with pytest.raises(Refused) as refusal:
        Gate(shipped_model_path())
    assert refusal.value.code == "model-unreadable"


@pytest.mark.parametrize("metadata", [{}, {"music_from": "often", "speech_from": 0.5}, {"music_from": None}])
def test_a_gate_that_does_not_say_from_when_music_is_music_is_refused(metadata: dict, tmp_path: Path) -> None:
    whole = shipped_gate_path().read_bytes()
    path = tmp_path / "gate.tflite"
    path.write_bytes(whole[: whole.rindex(b"PK\x03\x04")])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(METADATA, json.dumps({"parameters_digest": PARAMETERS.digest} | metadata))
    with pytest.raises(Refused) as refusal:
        Gate(path)
    assert refusal.value.code == "gate-unreadable"
