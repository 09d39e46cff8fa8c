"""The coarse index of a large part, as a box maps it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from central.catalogue import part_writing, quantiser
from central.catalogue.fingerprinting import Fingerprint
from central.catalogue.part_writing import Reference
from device.catalogue.coarse import bits_for, pack, packed_size, unpack
from device.catalogue.part import Part
from device.catalogue.recording import Recording
from device.embedding import dequantise, quantise
from device.match import neighbours

DIMENSION = 24


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
            Recording(f"r{number}", None, None, None, None, (), False, 50.5, "recording"),
            f"{number:064x}",
            Fingerprint(vectors, 50.5, 48.5),
        )
        for number, vectors in enumerate(walks(40, 101, DIMENSION))
    ]


def opened(folder: Path, references: list[Reference], coarse_from: int = 1) -> Part:
    entry = part_writing.write(folder, references, coarse_from)
    return Part.open(folder / entry.name, entry, DIMENSION, 0, 0)


def lists_of(part: Part) -> NDArray[np.int64]:
    assert part.coarse is not None
    return part.coarse.rows(np.arange(len(part.coarse.codes)))


@pytest.mark.parametrize(("coarse_from", "there"), [(4040, True), (4041, False)])
def test_only_a_large_part_gets_a_coarse_index(
    tmp_path: Path, references: list[Reference], coarse_from: int, there: bool
) -> None:
    part = opened(tmp_path, references, coarse_from)
    assert (part.coarse is not None) is there
    assert any(file.name.startswith("coarse_") for file in part.folder.iterdir()) is there


def test_it_has_one_vector_a_second_of_each_recording_and_none_of_silence(
    tmp_path: Path, references: list[Reference]
) -> None:
    quiet = references[9].fingerprint.vectors.copy()
    quiet[10:20] = 0
    silenced = Reference(references[9].recording, "f" * 64, Fingerprint(quiet, 50.5, 48.5))
    some = [*references[:9], silenced]
    part = opened(tmp_path, some)
    wanted = [number * 101 + row for number in range(10) for row in range(0, 101, 2)]
    assert sorted(lists_of(part)) == [row for row in wanted if part.vectors[row].any()]
    assert len(lists_of(part)) == len(wanted) - 5


def test_it_finds_by_cosine_what_an_exact_search_finds(tmp_path: Path, references: list[Reference]) -> None:
    part = opened(tmp_path, references)
    assert part.coarse is not None
    random = np.random.default_rng(6)
    rows = random.choice(lists_of(part), 200, replace=False)
    asked = dequantise(part.vectors[rows]) + 0.05 * random.standard_normal((200, DIMENSION)).astype(
        np.float32
    )
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    similarities, found = neighbours._Coarse(part, part.coarse).search(asked, 20)
    assert np.mean([row in near for row, near in zip(rows, found, strict=True)]) > 0.97
    exact = np.sum(asked * dequantise(part.vectors[found[:, 0]]), axis=1)
    assert np.abs(similarities[:, 0] - exact).max() < 1e-5
    assert (np.diff(similarities, axis=1) <= 0).all()


def test_who_asks_for_more_than_there_is_gets_less(tmp_path: Path, references: list[Reference]) -> None:
    part = opened(tmp_path, references[:8])
    assert part.coarse is not None
    asked = dequantise(part.vectors[:1])
    _, found = neighbours._Coarse(part, part.coarse).search(asked, 500)
    assert (found[0, :408] >= 0).all()
    assert (found[0, 408:] == -1).all()


def test_who_is_through_with_it_leaves_its_file_mapped(tmp_path: Path, references: list[Reference]) -> None:
    part = opened(tmp_path, references)
    assert part.coarse is not None
    before = part.coarse.codes.copy()
    asked = dequantise(part.vectors[:1])
    first = neighbours._Coarse(part, part.coarse).search(asked, 20)  # let go at once
    assert (part.coarse.codes == before).all()
    again = neighbours._Coarse(part, part.coarse).search(asked, 20)
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


def test_it_takes_no_eight_bytes_an_id(tmp_path: Path, references: list[Reference]) -> None:
    part = opened(tmp_path, references)
    sizes = {file.name: file.size for file in part.description.files}
    count = len(lists_of(part))
    assert sizes["coarse_codes.u8"] == 12 * count
    assert sizes["coarse_rows.bits"] == packed_size(count, 12) < 1.6 * count


def test_the_same_vectors_give_the_same_index(tmp_path: Path, references: list[Reference]) -> None:
    names = {part_writing.write(tmp_path / turn, references, coarse_from=1).name for turn in ("one", "two")}
    assert len(names) == 1


def test_a_part_of_nothing_but_silence_has_none(tmp_path: Path, references: list[Reference]) -> None:
    silence = np.zeros((30, DIMENSION), dtype=np.int8)
    part = opened(tmp_path, [Reference(references[0].recording, "e" * 64, Fingerprint(silence, 16.5, 14.5))])
    assert part.coarse is None


def test_two_layers_find_nearly_the_nearest_of_all_middles() -> None:
    random = np.random.default_rng(1)
    vectors = random.standard_normal((6000, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    trained = quantiser.train(vectors, 100)
    middles = trained.middles
    assert abs(len(middles) - 100) <= 10
    likeness = vectors @ middles.T
    own = likeness[np.arange(len(vectors)), trained.assign(vectors)]
    assert np.mean(own == likeness.max(axis=1)) > 0.8
    assert np.mean(likeness.max(axis=1) - own) < 0.02


@given(
    st.integers(1, 32).flatmap(
        lambda b: st.tuples(st.just(b), st.lists(st.integers(0, 2**b - 1), max_size=70))
    )
)
def test_packed_numbers_are_read_one_by_one(told: tuple[int, list[int]]) -> None:
    bits, numbers = told
    packed = pack(np.array(numbers, dtype=np.int64), bits)
    assert len(packed) == packed_size(len(numbers), bits)
    at = np.arange(len(numbers))[::-1]
    assert unpack(packed, bits, at).tolist() == numbers[::-1]
    assert all(number < 2**bits for number in numbers)
    assert bits_for(2**bits) == bits
