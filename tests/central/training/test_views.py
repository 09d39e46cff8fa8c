"""Views and batches: what the network is shown must be music of the right place, degraded as ordered."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from central.training import disturbance
from central.training.batches import Pool
from central.training.degradation import LENGTH, PAST, Degradation
from central.training.fate import Chances
from central.training.pool import DEGRADED_VIEWS, make_chunk, packed, unpacked
from device.features import PARAMETERS, log_mel

RATE = PARAMETERS.sample_rate
UNTOUCHED = Chances(speed=0, disturbance=0, room=0, clipping=0, self_noise=0)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("speech")
    rng = np.random.default_rng(0)
    for number in range(4):
        words = rng.normal(0, 3000, 2 * RATE) * np.repeat(rng.integers(0, 2, 8), RATE // 4)
        np.save(folder / f"{number}.npy", words.astype(np.int16))
    return sorted(folder.glob("*.npy"))


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("tracks")
    rng = np.random.default_rng(1)
    times = np.arange(8 * RATE) / RATE
    for number in range(5):
        tones = sum(np.sin(2 * np.pi * hertz * times) for hertz in rng.uniform(200, 3000, 6))
        np.save(folder / f"{number}.npy", (1500 * tones).astype(np.int16))
    np.save(folder / "silent.npy", np.zeros(8 * RATE, dtype=np.int16))
    return sorted(folder.glob("*.npy"))


@pytest.fixture(scope="module")
def degradation(speech: list[Path]) -> Degradation:
    rng = np.random.default_rng(2)
    return Degradation(disturbance.beds(speech, speech[:1], rng, seconds=20), rng, stock=10)


@pytest.fixture(scope="module")
def pool(tracks: list[Path], degradation: Degradation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    make_chunk(folder / "0", tracks, degradation, np.random.default_rng(3), anchors=18)
    return folder


def music(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(LENGTH).astype(np.float32)


def test_a_passage_that_nothing_happens_to_keeps_its_place_in_time(degradation: Degradation) -> None:
    passage = music()
    heard = degradation.degrade(passage, UNTOUCHED)
    place = np.correlate(passage, heard, mode="valid").argmax()
    assert abs(int(place) - PAST) <= 2


def test_every_degradation_gives_a_whole_segment_of_finite_sound(degradation: Degradation) -> None:
    for seed in range(60):
        heard = degradation.degrade(music(seed), Chances())
        assert heard.shape == (PARAMETERS.window,)
        assert np.all(np.isfinite(heard))
        assert heard.std() > 0


def test_another_speed_keeps_the_middle_where_it_is(degradation: Degradation) -> None:
    passage = np.zeros(LENGTH, dtype=np.float32)
    middle = PAST + PARAMETERS.window // 2
    passage[middle] = 1.0
    passage[middle + RATE // 2] = 0.5
    only_speed = Chances(speed=1, disturbance=0, room=0, clipping=0, self_noise=0)
    places = []
    for _ in range(20):
        heard = np.abs(degradation.degrade(passage, only_speed))
        first = int(heard[: PARAMETERS.window // 2 + 100].argmax())
        second = PARAMETERS.window // 2 + 1000 + int(heard[PARAMETERS.window // 2 + 1000 :].argmax())
        assert abs(first - PARAMETERS.window // 2) <= 8
        places.append(second - first)
    assert min(places) < RATE // 2 * 0.985
    assert max(places) > RATE // 2 * 1.015


@pytest.mark.parametrize("kind", ["dialogue", "babble", "applause", "noise", "effects"])
def test_there_is_a_bed_of_every_kind_that_sounds(kind: str, speech: list[Path]) -> None:
    rng = np.random.default_rng(0)
    found = [bed for bed in disturbance.beds(speech, speech, rng, seconds=10) if bed.kind == kind]
    assert found
    for bed in found:
        assert np.std(bed.cut(RATE, rng)) == pytest.approx(1.0, abs=0.1)


def test_a_chunk_has_a_clean_view_and_degraded_ones_of_each_place(pool: Path) -> None:
    views, tracks = np.load(pool / "0/views.npy"), np.load(pool / "0/tracks.npy")
    assert views.shape == (len(tracks), 1 + DEGRADED_VIEWS, PARAMETERS.bands, PARAMETERS.frames)
    assert len(set(tracks.tolist())) == 5, "the silent track must not be there"


def test_a_chunk_tells_where_in_its_track_each_place_lies(tmp_path: Path, degradation: Degradation) -> None:
    rng = np.random.default_rng(6)
    hertz = np.repeat(rng.permutation(np.geomspace(250, 3500, 20)), RATE)  # each second another tone
    tones = (8000 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE)).astype(np.int16)
    np.save(tmp_path / "tones.npy", tones)
    make_chunk(tmp_path / "0", [tmp_path / "tones.npy"], degradation, rng, anchors=12)
    places = np.load(tmp_path / "0/places.npy")
    assert len(places) == len(np.load(tmp_path / "0/tracks.npy"))
    for place, view in zip(places, unpacked(np.load(tmp_path / "0/views.npy")[:, 0]), strict=True):
        sounds = log_mel((tones[int(place * RATE) :][: PARAMETERS.window] / np.float32(32768))[None])[0]
        # The clean view is shifted by up to `LARGEST_SHIFT` itself; its bands sound alike all the same.
        assert np.corrcoef(view.mean(axis=1), sounds.mean(axis=1))[0, 1] > 0.9


def test_degraded_views_are_of_the_place_of_the_clean_one(pool: Path) -> None:
    views = unpacked(np.load(pool / "0/views.npy")).mean(axis=3)
    tracks = np.load(pool / "0/tracks.npy")
    clean, degraded = views[:, 0], views[:, 1:].mean(axis=1)
    alike = np.corrcoef(clean, degraded)[: len(clean), len(clean) :]
    same = tracks[:, None] == tracks[None, :]
    assert alike[same].mean() > alike[~same].mean() + 0.2


def test_a_chunk_appears_whole_or_not_at_all(pool: Path) -> None:
    (pool / ".1.part").mkdir(exist_ok=True)
    assert Pool(pool, np.random.default_rng(0)).anchors == len(np.load(pool / "0/tracks.npy"))


def test_a_batch_never_has_two_pairs_of_one_track(pool: Path) -> None:
    shown = Pool(pool, np.random.default_rng(0))
    assert shown.tracks == 5
    for batch in islice(shown.batches(pairs=50), 5):
        assert batch.shape == (10, 1, PARAMETERS.bands, PARAMETERS.frames)
        assert batch.min() >= PARAMETERS.low
        assert batch.max() <= PARAMETERS.high


def test_batches_may_be_groups_of_places_that_sound_alike(pool: Path) -> None:
    shown = Pool(pool, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    shown.group(lambda spectrograms: rng.standard_normal((len(spectrograms), 50)).astype(np.float32) / 7, 2)
    batch = next(shown.batches(pairs=4))
    assert batch.shape == (8, 1, PARAMETERS.bands, PARAMETERS.frames)
    shown.told(np.eye(4, 50, dtype=np.float32))


def test_new_chunks_are_taken_up(
    pool: Path, tracks: list[Path], degradation: Degradation, tmp_path: Path
) -> None:
    (tmp_path / "0").symlink_to(pool / "0")
    shown = Pool(tmp_path, np.random.default_rng(0))
    before = shown.anchors
    make_chunk(tmp_path / "1", tracks[:2], degradation, np.random.default_rng(4), anchors=4)
    shown.refresh()
    assert shown.anchors == before + 4
    assert shown.views(7).shape == (7, PARAMETERS.bands, PARAMETERS.frames)


def test_stored_views_lose_less_than_a_step_of_the_int8_input() -> None:
    spectrograms = log_mel(music()[None, : PARAMETERS.window])
    np.testing.assert_allclose(unpacked(packed(spectrograms)), spectrograms, atol=1 / 255)
