"""The coarse index of a large part, as a box maps it."""

from pathlib import Path

import faiss
import numpy as np
import pytest

from central.catalogue import coarse, part_writing
from central.catalogue.fingerprinting import Fingerprint
from central.catalogue.part_writing import Reference
from device.catalogue.recording import Recording
from device.embedding import dequantise, quantise


def walks(recordings: int, windows: int, dimension: int) -> list[np.ndarray]:
    """Make up embeddings that wander as music's do: neighbours in time are alike."""
    random = np.random.default_rng(5)
    steps = random.standard_normal((recordings, windows, dimension))
    steps[:, 1:] *= 0.4
    paths = np.cumsum(steps, axis=1)
    return [
        quantise((path / np.linalg.norm(path, axis=1, keepdims=True)).astype(np.float32)) for path in paths
    ]


@pytest.fixture(scope="module")
def references() -> list[Reference]:
    return [
        Reference(
            Recording(f"r{number}", None, None, None, None, (), False, 50.0, "recording"),
            f"{number:064x}",
            Fingerprint(vectors, 50.0, 48.0),
        )
        for number, vectors in enumerate(walks(20, 100, 24))
    ]


@pytest.mark.parametrize(("coarse_from", "there"), [(2000, True), (2001, False)])
def test_only_a_large_part_gets_a_coarse_index(
    tmp_path: Path, references: list[Reference], coarse_from: int, there: bool
) -> None:
    entry = part_writing.write(tmp_path, references, coarse_from)
    assert (tmp_path / entry.name / "coarse.faiss").exists() is there


def test_it_is_mapped_and_finds_by_cosine_what_an_exact_search_finds(
    tmp_path: Path, references: list[Reference]
) -> None:
    vectors = np.concatenate([reference.fingerprint.vectors for reference in references])
    coarse.write(vectors, tmp_path / "coarse.faiss", threads=1)
    index = faiss.read_index(str(tmp_path / "coarse.faiss"), faiss.IO_FLAG_MMAP)
    assert isinstance(faiss.downcast_InvertedLists(index.invlists), faiss.OnDiskInvertedLists)
    assert (index.ntotal, index.metric_type) == (2000, faiss.METRIC_INNER_PRODUCT)
    assert index.code_size <= 16
    index.nprobe = index.nlist
    random = np.random.default_rng(6)
    rows = random.choice(2000, 200, replace=False)
    asked = dequantise(vectors[rows]) + 0.05 * random.standard_normal((200, 24)).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    similarities, found = index.search(asked, 20)
    assert np.mean([row in near for row, near in zip(rows, found, strict=True)]) > 0.97
    exact = np.sum(asked * dequantise(vectors[found[:, 0]]), axis=1)
    assert np.abs(similarities[:, 0] - exact).max() < 0.15


def test_the_same_vectors_give_the_same_index(tmp_path: Path, references: list[Reference]) -> None:
    names = {part_writing.write(tmp_path / turn, references, coarse_from=1).name for turn in ("one", "two")}
    assert len(names) == 1
