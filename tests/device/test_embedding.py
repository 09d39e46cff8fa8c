"""The shipped model: builder and box must say the same of the same sound, and refuse what is not theirs."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.embedding import (
    METADATA,
    EmbeddingModel,
    dequantise,
    quantise,
    shipped_model_path,
)
from device.errors import Refused
from device.features import PARAMETERS, log_mel

GOLDEN = Path(__file__).parent / "golden" / "embeddings.npz"
# LiteRT's int8 kernels round differently on ARM and x86 by a step here and there; another model or other features
# differ by far more.
SIMILAR = 0.995


@pytest.fixture(scope="module")
def model() -> EmbeddingModel:
    return EmbeddingModel(shipped_model_path())


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN) as stored:
        return dict(stored)


def segments_of(golden: dict[str, np.ndarray]) -> np.ndarray:
    sound = golden["samples"].astype(np.float32) / np.float32(32768)
    return np.lib.stride_tricks.sliding_window_view(sound, PARAMETERS.window)[:: int(golden["hop"])]


def without_metadata(path: Path) -> bytes:
    whole = path.read_bytes()
    return whole[: whole.rindex(b"PK\x03\x04")]


def test_the_golden_values_belong_to_the_model_and_parameters_that_ship(model, golden) -> None:
    assert str(golden["parameters_digest"]) == PARAMETERS.digest, "run `python -m central.training golden`"
    assert str(golden["model_digest"]) == model.digest, "run `python -m central.training golden`"


def test_the_spectrograms_of_the_golden_clip_are_what_they_were(golden) -> None:
    np.testing.assert_allclose(log_mel(segments_of(golden))[::4], golden["spectrograms"], atol=2e-3)


def test_the_embeddings_of_the_golden_clip_are_what_they_were(model, golden) -> None:
    said = model.embed(log_mel(segments_of(golden)))
    assert np.sum(said * dequantise(golden["embeddings"]), axis=1).min() > SIMILAR


@pytest.mark.parametrize("change", [{"lowest": 200.0}, {"floor_db": 60.0}, {"hop": 240}])
def test_changed_features_would_be_noticed_by_the_golden_values(model, golden, change) -> None:
    other = log_mel(segments_of(golden), replace(PARAMETERS, **change))
    assert not np.allclose(other[::4], golden["spectrograms"], atol=2e-3)
    assert np.sum(model.embed(other) * dequantise(golden["embeddings"]), axis=1).min() < SIMILAR


def test_the_builders_batch_and_the_boxs_single_segments_embed_alike(model, golden) -> None:
    segments = segments_of(golden)
    at_once = model.embed(log_mel(segments))
    one_by_one = np.concatenate([model.embed(log_mel(segment[None])) for segment in segments])
    np.testing.assert_array_equal(at_once, one_by_one)


def test_embeddings_are_of_unit_length_and_of_the_models_dimension(model, golden) -> None:
    said = model.embed(log_mel(segments_of(golden)))
    assert said.shape == (len(golden["embeddings"]), model.dimension)
    np.testing.assert_allclose(np.linalg.norm(said, axis=1), 1.0, atol=1e-5)


def test_no_spectrogram_gives_no_embedding(model) -> None:
    assert model.embed(np.empty((0, 64, 64), dtype=np.float32)).shape == (0, model.dimension)


def test_a_place_is_more_like_itself_a_little_later_than_like_another_place(model, golden) -> None:
    sound = golden["samples"].astype(np.float32) / np.float32(32768)
    here, soon, elsewhere = model.embed(
        log_mel(np.stack([sound[at : at + PARAMETERS.window] for at in (0, 800, 24000)]))
    )
    assert here @ soon > here @ elsewhere + 0.1


@given(seed=st.integers(0, 2**31), dimension=st.integers(64, 256))
def test_stored_embeddings_point_where_they_pointed(seed: int, dimension: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((20, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.sum(dequantise(quantise(vectors)) * vectors, axis=1).min() > 0.998


def test_the_model_says_what_it_was_trained_with(model) -> None:
    assert model.metadata["parameters"] == json.loads(PARAMETERS.canonical)
    assert model.metadata["dimension"] == model.dimension


def test_a_model_of_other_features_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "embedding.tflite"
    path.write_bytes(without_metadata(shipped_model_path()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            METADATA, json.dumps({"parameters_digest": replace(PARAMETERS, floor_db=60.0).digest})
        )
    with pytest.raises(Refused) as refusal:
        EmbeddingModel(path)
    assert refusal.value.code == "model-other-features"


def test_a_missing_model_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.tflite"):
        EmbeddingModel(tmp_path / "nowhere.tflite")


@pytest.mark.parametrize("damage", ["empty", "text", "half", "no-metadata", "metadata-not-json"])
def test_a_damaged_model_is_refused(damage: str, tmp_path: Path) -> None:
    whole = shipped_model_path().read_bytes()
    damaged = {
        "empty": b"",
        "text": b"Not a model, though long enough to be read.",
        "half": whole[: len(whole) // 2],
        "no-metadata": without_metadata(shipped_model_path()),
        "metadata-not-json": without_metadata(shipped_model_path()),
    }
    path = tmp_path / "embedding.tflite"
    path.write_bytes(damaged[damage])
    if damage == "metadata-not-json":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(METADATA, "{")
    with pytest.raises(Refused) as refusal:
        EmbeddingModel(path)
    assert refusal.value.code == "model-unreadable"


def test_a_file_with_metadata_but_no_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "embedding.tflite"
    path.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(64))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(METADATA, json.dumps({"parameters_digest": PARAMETERS.digest}))
    with pytest.raises(Refused) as refusal:
        EmbeddingModel(path)
    assert refusal.value.code == "model-unreadable"
