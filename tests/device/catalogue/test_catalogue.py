"""A catalogue in use: several parts are searched as one, in place."""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.catalogue.part_writing import Reference
from device.catalogue.catalogue import Catalogue
from tests.device.catalogue.made_up import (
    DIMENSION,
    HOP,
    MODEL,
    PARAMETERS,
    reference,
    write_catalogue,
    write_manifest,
)


def opened(folder: Path) -> Catalogue:
    return Catalogue.open(folder, MODEL, PARAMETERS)


def test_a_recording_comes_back_as_it_was_written(
    folder: Path, base: list[Reference], addition: list[Reference]
) -> None:
    with opened(folder) as catalogue:
        assert len(catalogue) == 5
        for number, written in enumerate([*base, *addition]):
            assert catalogue.recording(number) == written.recording
            assert catalogue.number(written.recording.id) == number
            span = catalogue.span(number)
            found = catalogue.vectors(np.arange(span.start, span.stop))
            np.testing.assert_array_equal(found, written.fingerprint.vectors)
        assert catalogue.number("nobody") is None


def test_what_belongs_together_comes_from_the_manifest(folder: Path) -> None:
    with opened(folder) as catalogue:
        assert catalogue.digest == hashlib.sha256((folder / "catalogue.json").read_bytes()).hexdigest()
        assert (catalogue.thresholds.accept, catalogue.thresholds.candidate) == (12.0, 5.0)
        assert (catalogue.reference_hop, catalogue.dimension, catalogue.size) == (HOP, DIMENSION, 22)
        assert [part.first_row for part in catalogue.parts] == [0, 15]
        assert all(part.coarse is None for part in catalogue.parts)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4), min_size=1, max_size=4),
    picks=st.lists(st.integers(0, 10**6), max_size=30),
)
def test_rows_of_several_parts_are_found_wherever_they_are_asked_for(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[list[int]], picks: list[int]
) -> None:
    parts = [
        [reference(f"{part}-{one}", windows, 100 * part + one) for one, windows in enumerate(counts)]
        for part, counts in enumerate(lengths)
    ]
    folder = tmp_path_factory.mktemp("catalogue")
    write_catalogue(folder, parts)
    truth = []  # row by row: vector, number, seconds
    for number, one in enumerate(one for part in parts for one in part):
        vectors = one.fingerprint.vectors
        for index, vector in enumerate(vectors):
            last = index == len(vectors) - 1
            truth.append((vector, number, one.fingerprint.last_seconds if last else index * HOP))
    rows = np.array([pick % len(truth) for pick in picks], dtype=np.int64)
    with opened(folder) as catalogue:
        assert catalogue.size == len(truth)
        numbers, seconds = catalogue.locate(rows)
        assert numbers.tolist() == [truth[row][1] for row in rows]
        assert seconds.tolist() == pytest.approx([truth[row][2] for row in rows])
        expected = [truth[row][0] for row in rows]
        np.testing.assert_array_equal(catalogue.vectors(rows), np.reshape(expected, (-1, DIMENSION)))


@pytest.mark.parametrize("row", [-1, 22])
def test_a_row_outside_the_catalogue_is_an_error_and_not_another_recording(folder: Path, row: int) -> None:
    with opened(folder) as catalogue:
        for ask in (catalogue.vectors, catalogue.locate):
            with pytest.raises(IndexError, match="outside"):
                ask(np.array([0, row]))


@pytest.mark.parametrize("number", [-1, 5])
def test_a_number_outside_the_catalogue_is_an_error_and_not_another_recording(
    folder: Path, number: int
) -> None:
    with opened(folder) as catalogue:
        for ask in (catalogue.span, catalogue.recording, catalogue.same_sound):
            with pytest.raises(IndexError, match="no recording"):
                ask(number)


def test_withdrawn_recordings_are_told_and_still_named(
    tmp_path: Path, base: list[Reference], addition: list[Reference]
) -> None:
    write_catalogue(tmp_path, [base, addition], withdrawn=["bayan", "esil", "of another catalogue"])
    with opened(tmp_path) as catalogue:
        assert catalogue.withdrawn == {"bayan", "esil", "of another catalogue"}
        assert catalogue.withdrawn_numbers == {1, 4}
        assert catalogue.recording(1).id == "bayan"
        assert catalogue.locate(np.array([5]))[0].tolist() == [1]
        assert (len(catalogue), catalogue.size) == (5, 22)


def test_a_great_many_withdrawn_recordings_are_all_found(tmp_path: Path) -> None:
    many = [reference(f"r{number:05}", 1, number) for number in range(1200)]
    write_catalogue(tmp_path, [many], withdrawn=[one.recording.id for one in many[::2]])
    with opened(tmp_path) as catalogue:
        assert catalogue.withdrawn_numbers == set(range(0, 1200, 2))


def test_a_changed_recording_is_the_one_of_the_later_part(tmp_path: Path, base: list[Reference]) -> None:
    new = reference("bayan", 7, 77)
    before = write_catalogue(tmp_path, [base, [new]])
    write_manifest(tmp_path, [replace(before.parts[0], replaced=(1,)), before.parts[1]])
    with opened(tmp_path) as catalogue:
        assert catalogue.withdrawn_numbers == {1}
        assert catalogue.withdrawn == frozenset()
        assert catalogue.number("bayan") == 3
        assert catalogue.recording(3) == new.recording


def test_one_sound_under_several_ids_is_told_through_all_parts(tmp_path: Path, base: list[Reference]) -> None:
    again = replace(base[2], recording=replace(base[2].recording, id="c again"))
    third = replace(base[2], recording=replace(base[2].recording, id="c withdrawn"))
    write_catalogue(tmp_path, [base, [again], [third]], withdrawn=["c withdrawn"])
    with opened(tmp_path) as catalogue:
        assert catalogue.same_sound(2) == (3,)
        assert catalogue.same_sound(3) == (2,)
        assert catalogue.same_sound(0) == ()


def test_threads_share_a_catalogue(folder: Path, base: list[Reference], addition: list[Reference]) -> None:
    written = [one.recording for one in (*base, *addition)]
    right: list[bool] = []

    def ask() -> None:
        right.extend(catalogue.recording(turn % 5) == written[turn % 5] for turn in range(100))

    with opened(folder) as catalogue:
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert right == [True] * 400


def test_an_open_catalogue_outlives_its_replacement(folder: Path, base: list[Reference]) -> None:
    with opened(folder) as catalogue:
        for part in catalogue.parts:
            for file in part.folder.iterdir():
                file.unlink()
        np.testing.assert_array_equal(catalogue.vectors(np.arange(5)), base[0].fingerprint.vectors)
        assert catalogue.recording(2) == base[2].recording


def test_vectors_cannot_be_written_to(folder: Path) -> None:
    with opened(folder) as catalogue, pytest.raises(ValueError, match="read-only"):
        catalogue.parts[0].vectors[0, 0] = 1
