"""The quick measurement: it must call found only what is found, at the right place, above every unknown clip."""

import numpy as np
import pytest

from central.evaluation import rooms
from central.evaluation.conditions import Condition, Noise
from central.training import measure
from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate


UNKNOWN = {2, 5, 8}
CONDITIONS = (Condition("dry"), Condition("hall", rooms.HALL, Noise.AUDIENCE, 0.0))


def melodies(count: int) -> list[np.ndarray]:
    """Tunes of random chords, a second each, so that every place is unlike every other but like itself a little later."""
    rng = np.random.default_rng(0)
    times = np.arange(RATE) / RATE
    tunes = []
    for _ in range(count):
        chords = [np.sin(2 * np.pi * rng.uniform(200, 3500, (4, 1)) * times).sum(axis=0) for _ in range(20)]
        tunes.append((4000 * np.concatenate(chords)).astype(np.int16))
    return tunes


def by_spectrum(spectrograms: np.ndarray) -> np.ndarray:
    """Embed without any network: the spectrogram itself, coarse in time, without its mean."""
    coarse = spectrograms.reshape(len(spectrograms), 64, 4, 16).mean(axis=3).reshape(len(spectrograms), -1)
    coarse -= coarse.mean(axis=1, keepdims=True)
    return coarse / np.linalg.norm(coarse, axis=1, keepdims=True)


def deaf(spectrograms: np.ndarray) -> np.ndarray:
    """Embed without listening."""
    vectors = np.random.default_rng(len(spectrograms)).standard_normal((len(spectrograms), 16))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def tracks() -> list[np.ndarray]:
    return melodies(9)


def talks() -> list[np.ndarray]:
    return [np.random.default_rng(1).normal(0, 0.1, 5 * RATE).astype(np.float32)]


@pytest.fixture(scope="module")
def heard(tracks: list[np.ndarray]) -> list[measure.Clip]:
    return list(measure.clips(tracks, talks(), count=9, conditions=CONDITIONS))


def test_clean_clips_are_all_found_and_accepted(tracks, heard) -> None:
    dry = [cell for cell in measure.measure(by_spectrum, tracks, UNKNOWN, heard) if cell.condition == "dry"]
    assert [(cell.seconds, cell.clips, cell.first, cell.accepted) for cell in dry] == [
        (5, 6, 1, 1),
        (10, 6, 1, 1),
    ]
    assert min(cell.margin for cell in dry) > 0.2


def test_a_model_that_does_not_listen_finds_nothing(tracks, heard) -> None:
    cells = measure.measure(deaf, tracks, UNKNOWN, heard)
    assert np.mean([cell.first for cell in cells]) < 0.1
    assert np.mean([cell.accepted for cell in cells]) < 0.1


def test_the_right_track_at_the_wrong_place_is_not_found(tracks, heard) -> None:
    dry = [clip for clip in heard if clip.condition == "dry"]
    elsewhere = [
        measure.Clip(clip.condition, clip.track, clip.position + 3.0, clip.seconds, clip.samples)
        for clip in dry
    ]
    assert all(cell.first == 0 for cell in measure.measure(by_spectrum, tracks, UNKNOWN, elsewhere))


def test_clips_are_the_same_at_every_call(tracks, heard) -> None:
    again = next(measure.clips(tracks, talks(), count=9, conditions=CONDITIONS))
    np.testing.assert_array_equal(again.samples, heard[0].samples)


def test_longer_clips_begin_where_the_shorter_ones_do(heard) -> None:
    for shorter, longer in zip(heard[::2], heard[1::2], strict=True):
        assert (shorter.seconds, longer.seconds) == (5, 10)
        assert (shorter.track, shorter.position) == (longer.track, longer.position)
        np.testing.assert_array_equal(shorter.samples, longer.samples[: len(shorter.samples)])


def test_the_table_sets_models_side_by_side() -> None:
    cells = [
        measure.Cell("hall", length, clips=20, first=0.95, accepted=0.5, margin=0.25) for length in (5, 10)
    ]
    lines = measure.table({"one": cells, "other": cells}).splitlines()
    assert lines[0] == "| clip | one | other |"
    assert lines[3] == "| hall, 10 s | 95 / 50 / +0.25 | 95 / 50 / +0.25 |"
    assert len(lines) == 4
