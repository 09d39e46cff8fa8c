"""Groups of places that the network finds alike: hard for it, and never with sound in common."""

from itertools import combinations

import numpy as np

from central.training.likeness import AMONG, APART, SAME, Likeness
from central.training.pool import packed
from device.features import PARAMETERS

SIDES = (PARAMETERS.bands, PARAMETERS.frames)


def embed(spectrograms: np.ndarray) -> np.ndarray:
    """Take the first eight values of a spectrogram for its vector."""
    vectors = spectrograms[:, 0, :8]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def views(vectors: np.ndarray) -> np.ndarray:
    spectrograms = np.zeros((len(vectors), *SIDES), dtype=np.float32)
    spectrograms[:, 0, :8] = vectors
    return packed(spectrograms)


def families(rng: np.random.Generator, tracks: int = 4 * AMONG) -> tuple[np.ndarray, np.ndarray]:
    """Make four places a track; every third track sounds alike, but not quite."""
    families = np.eye(8)[np.arange(tracks) % 3]
    vectors = np.repeat(families, 4, axis=0) + rng.uniform(-0.3, 0.3, (4 * tracks, 8))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.repeat(np.arange(tracks), 4)


def unknown(tracks: np.ndarray) -> np.ndarray:
    """Give the places of chunks that do not tell them."""
    return np.full(len(tracks), np.nan, dtype=np.float32)


def test_a_group_sounds_alike_and_no_track_comes_twice() -> None:
    rng = np.random.default_rng(1)
    vectors, tracks = families(rng)
    likeness = Likeness(embed, rng)
    likeness.add(views(vectors[:400]), tracks[:400], unknown(tracks[:400]))
    likeness.add(views(vectors[400:]), tracks[400:], unknown(tracks[400:]))
    for _ in range(20):
        drawn = tracks[likeness.groups(3, 4)]
        assert len(set(drawn)) == len(drawn) == 12
        assert all(len(set(group % 3)) == 1 for group in drawn.reshape(3, 4))


def test_the_same_sound_in_two_tracks_is_not_pushed_apart() -> None:
    rng = np.random.default_rng(2)
    vectors, tracks = families(rng)
    vectors[tracks == 3] = vectors[0]
    likeness = Likeness(embed, rng)
    likeness.add(views(vectors), tracks, unknown(tracks))
    for _ in range(50):
        drawn = likeness.groups(1, 8)
        assert all(vectors[drawn[0]] @ vectors[other] <= SAME + 0.01 for other in drawn[1:])


def test_places_lie_where_the_last_batch_has_put_them() -> None:
    rng = np.random.default_rng(3)
    vectors, tracks = families(rng)
    likeness = Likeness(embed, rng)
    likeness.add(views(vectors), tracks, unknown(tracks))
    family = tracks % 3
    likeness.move(np.flatnonzero(family == 1).tolist(), vectors[family == 2].astype(np.float32))
    groups = [likeness.groups(1, 40) for _ in range(30)]
    assert any({1, 2} <= set(family[group].tolist()) for group in groups)
    assert all(0 not in family[group[1:]] for group in groups if family[group[0]] != 0)


def test_there_are_no_more_groups_than_tracks() -> None:
    rng = np.random.default_rng(4)
    vectors, tracks = families(rng, tracks=5)
    likeness = Likeness(embed, rng)
    likeness.add(views(vectors), tracks, unknown(tracks))
    assert sorted(tracks[likeness.groups(9, 2)]) == [0, 1, 2, 3, 4]


def test_places_of_one_track_are_told_apart_where_they_share_no_sound() -> None:
    rng = np.random.default_rng(5)
    vectors, tracks = families(rng)
    places = np.tile(np.array([10, 11, 20, 30], dtype=np.float32), len(tracks) // 4)
    likeness = Likeness(embed, rng)
    likeness.add(views(vectors), tracks, places)
    together = 0
    for _ in range(30):
        drawn = likeness.groups(2, 16)
        for one, other in combinations(drawn, 2):
            if tracks[one] == tracks[other]:
                together += 1
                assert abs(places[one] - places[other]) >= APART
    assert together > 0
