"""The matcher: which recording, where in it, from when to when; on made-up embeddings whose truth is exact."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from central.catalogue import folder, part_writing
from central.catalogue.fingerprinting import Fingerprint
from central.catalogue.part_writing import Reference
from device.catalogue import manifest
from device.catalogue.catalogue import Catalogue
from device.catalogue.recording import Recording
from device.catalogue.thresholds import Thresholds
from device.embedding import quantise
from device.match.background import Background
from device.match.calibration import Calibration
from device.match.match import Match, groups
from device.match.matcher import MEMORY, Matcher
from device.play import Plays, Status

DIMENSION, HOP, WINDOW = 64, 0.5, 2.0
WINDOWS = 240  # of each recording, 120 s
ACCEPT = 7.5  # three windows that could not be surer
MODEL = hashlib.sha256(b"model").hexdigest()
CALIBRATION = Calibration(MODEL, -6.0, 14.0, 0.0, -6.0, 0.0, 0.0, 0.0, -2.0, 6.0, ACCEPT, 3.0)

Sound = NDArray[np.float32]


def music(seed: int, windows: int = WINDOWS) -> Sound:
    """A way through the sphere on which neighbours in time are alike, as windows that overlap are."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(windows + 8, DIMENSION))
    smooth = np.stack([steps[i : i + 4].sum(axis=0) for i in range(windows)])
    return np.asarray(smooth / np.linalg.norm(smooth, axis=1, keepdims=True), dtype=np.float32)


def heard(sound: Sound, noise: float, seed: int = 99) -> Sound:
    """The same through a noisy room."""
    rng = np.random.default_rng(seed)
    noisy = sound + rng.normal(size=sound.shape) * noise / np.sqrt(DIMENSION)
    return np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), dtype=np.float32)


def at_tempo(sound: Sound, start: float, tempo: float, windows: int) -> Sound:
    """What sounds when a recording is played faster or slower: the embeddings between its own."""
    places = (start + tempo * HOP * np.arange(windows)) / HOP
    low = places.astype(int)
    share = (places - low)[:, None]
    between = sound[low] * (1 - share) + sound[low + 1] * share
    return np.asarray(between / np.linalg.norm(between, axis=1, keepdims=True), dtype=np.float32)


def reference(name: str, sound: Sound) -> Reference:
    last = (len(sound) - 1) * HOP
    recording = Recording(name, None, None, None, None, (), False, last + WINDOW, "recording")
    fingerprint = Fingerprint(quantise(sound), last + WINDOW, last)
    return Reference(recording, hashlib.sha256(name.encode()).hexdigest(), fingerprint)


def build(
    out: Path, references: list[list[Reference]], withdrawn: tuple[str, ...] = (), coarse: int = 10**6
) -> None:
    parts = [part_writing.write(out / manifest.PARTS, some, coarse) for some in references]
    folder.write_manifest(
        out,
        manifest.Manifest(
            format=2,
            created="2026-01-01T00:00:00Z",
            model=MODEL,
            parameters=MODEL,
            dimension=DIMENSION,
            reference_hop=HOP,
            thresholds=Thresholds(ACCEPT, 3.0, MODEL, "made up"),
            parts=tuple(parts),
            withdrawn=folder.write_withdrawn(out, withdrawn),
        ),
    )


def matcher_of(out: Path) -> Matcher:
    background = Background(quantise(music(12345, 600)))
    return Matcher(Catalogue.open(out, MODEL, MODEL), background, CALIBRATION, HOP, WINDOW)


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matcher]:
    out = tmp_path_factory.mktemp("catalogue")
    build(
        out, [[reference(f"r{seed}", music(seed)) for seed in range(12)], [reference("addition", music(50))]]
    )
    made = matcher_of(out)
    yield made
    made.catalogue.close()


def positions(count: int) -> NDArray[np.float64]:
    return np.arange(count) * HOP


def best(matcher: Matcher, sound: Sound) -> Match:
    return matcher.identify(positions(len(sound)), sound)[0]


@pytest.mark.parametrize("noise", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("name", ["r3", "addition"])
def test_a_noisy_stretch_is_found_at_its_place(matcher: Matcher, name: str, noise: float) -> None:
    number = matcher.catalogue.number(name)
    sound = music(50 if name == "addition" else int(name[1:]))
    match = best(matcher, heard(sound[80:100], noise))
    assert match.recording == number
    assert match.score > ACCEPT
    assert match.reference_start - match.start == pytest.approx(40.0, abs=0.5)


def test_music_that_is_nowhere_is_not_accepted(matcher: Matcher) -> None:
    for seed in range(100, 130):
        found = matcher.identify(positions(25), music(seed)[:25])
        assert all(match.score < ACCEPT for match in found)


@pytest.mark.parametrize("tempo", [0.96, 1.04])
def test_a_film_at_another_speed_is_found_with_its_tempo(matcher: Matcher, tempo: float) -> None:
    match = best(matcher, heard(at_tempo(music(5), 30.0, tempo, 30), 0.4))
    assert matcher.catalogue.recording(match.recording).id == "r5"
    # References lie half a second apart, so over 15 s a tempo is known to some 3 %.
    assert match.tempo == pytest.approx(tempo, abs=0.031)
    assert (match.tempo - 1.0) * (tempo - 1.0) > 0
    middle = match.reference_start + match.tempo * (7.5 - match.start)
    assert middle == pytest.approx(30.0 + tempo * 7.5, abs=0.8)


def test_begin_and_end_within_the_queries_are_found(matcher: Matcher) -> None:
    sound = np.concatenate([music(200)[:8], music(7)[60:76], music(201)[:6]])
    match = best(matcher, sound)
    assert match.start == pytest.approx(8 * HOP, abs=HOP)
    assert match.end == pytest.approx(23 * HOP + WINDOW, abs=HOP)
    assert match.reference_start == pytest.approx(30.0, abs=HOP)


def test_one_after_the_other_both_are_found(matcher: Matcher) -> None:
    sound = heard(np.concatenate([music(1)[20:36], music(2)[100:114]]), 0.3)
    names = {
        matcher.catalogue.recording(match.recording).id
        for match in matcher.identify(positions(30), sound)
        if match.score > ACCEPT
    }
    assert names == {"r1", "r2"}


def test_windows_out_of_order_are_no_match(matcher: Matcher) -> None:
    sound = music(4)[40:70][np.random.default_rng(3).permutation(30)]
    assert all(match.score < ACCEPT for match in matcher.identify(positions(30), sound))


def test_the_runner_up_is_another_recording_and_scores_less(matcher: Matcher) -> None:
    mixed = heard(music(8)[40:60] + 0.6 * music(9)[70:90], 0.0)
    match = best(matcher, mixed)
    assert match.runner_up is not None
    assert match.runner_up.recording == matcher.catalogue.number("r9")
    assert match.runner_up.score < match.score


def test_a_match_keeps_what_each_window_said(matcher: Matcher) -> None:
    match = best(matcher, heard(music(3)[80:100], 0.6))
    assert [window.at for window in match.evidence] == [match.start + HOP * n for n in range(match.windows)]
    assert match.evidence[0].reference == match.reference_start
    assert sum(window.weight for window in match.evidence) >= match.score - 1e-3
    assert match.agreeing == sum(window.weight > 0 for window in match.evidence)
    assert match.groups == 5  # twenty windows of 2 s, half a second apart, hold 11.5 s
    assert all(-1 <= window.similarity <= 1 and -1 <= window.density <= 1 for window in match.evidence)
    if match.runner_up is not None:
        assert match.margin == pytest.approx(
            sum(window.weight for window in match.evidence) - match.runner_up.score
        )


def test_two_that_sound_at_once_are_both_found(matcher: Matcher) -> None:
    both = music(1)[20:50] + music(2)[100:130]
    found = matcher.identify(positions(30), heard(both, 0.2))
    told = {matcher.catalogue.recording(match.recording).id for match in found if match.believed(ACCEPT)}
    assert told == {"r1", "r2"}


def test_in_a_crossfade_both_are_found_and_neither_is_the_others_runner_up(matcher: Matcher) -> None:
    share = np.clip((np.arange(30)[:, None] - 5) / 20, 0, 1)
    sound = (1 - share) * music(1)[20:50] + share * music(2)[100:130]
    found = [m for m in matcher.identify(positions(30), heard(sound, 0.2)) if m.believed(ACCEPT)]
    told = {matcher.catalogue.recording(match.recording).id for match in found}
    assert told == {"r1", "r2"}


def test_a_version_that_only_resembles_what_sounds_is_not_told_beside_it(tmp_path: Path) -> None:
    sound = music(1)
    version = 0.75 * sound + 0.66 * music(77)
    version /= np.linalg.norm(version, axis=1, keepdims=True)
    build(tmp_path, [[reference("original", sound), reference("version", version.astype(np.float32))]])
    matcher = matcher_of(tmp_path)
    found = matcher.identify(positions(30), heard(sound[60:90], 0.4))
    assert [matcher.catalogue.recording(match.recording).id for match in found] == ["original"]
    assert found[0].runner_up is not None


def test_releases_of_one_sound_are_one_match_with_alternatives(tmp_path: Path) -> None:
    others = [reference(f"r{seed}", music(seed)) for seed in range(3)]
    build(tmp_path, [[*others, reference("single", music(7))], [reference("album", music(7))]])
    matcher = matcher_of(tmp_path)
    single, album = matcher.catalogue.number("single"), matcher.catalogue.number("album")
    matches = [m for m in matcher.identify(positions(20), heard(music(7)[40:60], 0.5)) if m.believed(ACCEPT)]
    assert [(match.recording, match.alternatives) for match in matches] == [(single, (album,))]
    assert matches[0].runner_up is None or matches[0].runner_up.recording not in (single, album)


def test_windows_that_share_sound_are_one_group() -> None:
    assert groups(np.array([0.0, 0.5, 1.0, 1.5]), WINDOW) == 1
    assert groups(np.array([0.0, 0.5, 2.0]), WINDOW) == 2
    assert groups(np.array([]), WINDOW) == 0


def test_hearing_one_by_one_ends_where_one_query_would(matcher: Matcher) -> None:
    sound = heard(music(6)[50:80], 0.5)
    matcher.forget()
    for position, embedding in zip(positions(30).tolist(), sound, strict=True):
        streamed = matcher.hear(position, embedding)
    matcher.forget()
    whole = matcher.identify(positions(30), sound)
    assert (streamed[0].recording, streamed[0].start) == (whole[0].recording, whole[0].start)
    assert streamed[0].score == pytest.approx(whole[0].score, rel=1e-5)


def test_what_was_heard_long_ago_is_forgotten(matcher: Matcher) -> None:
    matcher.forget()
    for position, embedding in zip(positions(20).tolist(), music(3)[:20], strict=True):
        matcher.hear(position, embedding)
    later = matcher.hear(10.0 + MEMORY, music(300)[0])
    matcher.forget()
    assert all(match.start >= 10.0 for match in later)


def test_a_withdrawn_recording_is_not_found(tmp_path: Path) -> None:
    build(tmp_path, [[reference("kept", music(0)), reference("gone", music(1))]], withdrawn=("gone",))
    matcher = matcher_of(tmp_path)
    found = matcher.identify(positions(20), music(1)[40:60])
    assert all(matcher.catalogue.recording(match.recording).id == "kept" for match in found)
    assert all(match.score < ACCEPT for match in found)


def test_the_coarse_index_finds_what_the_exact_search_finds(tmp_path: Path) -> None:
    build(tmp_path, [[reference(f"r{seed}", music(seed)) for seed in range(24)]], coarse=1000)
    matcher = matcher_of(tmp_path)
    for seed in range(0, 24, 3):
        match = best(matcher, heard(music(seed)[100:120], 0.7))
        assert matcher.catalogue.recording(match.recording).id == f"r{seed}"
        assert match.reference_start - match.start == pytest.approx(50.0, abs=0.5)


def test_no_queries_give_no_matches(matcher: Matcher) -> None:
    assert matcher.identify(np.empty(0), np.empty((0, DIMENSION), dtype=np.float32)) == []


def evening_of(matcher: Matcher, sound: Sound) -> list[tuple[str, str, float, float]]:
    plays = Plays(ACCEPT, 3.0)
    ended = []
    for number, embedding in enumerate(sound):
        ended += plays.hear(number * HOP, matcher.hear(number * HOP, embedding))
    ended += plays.finish()
    return [
        (matcher.catalogue.recording(play.recording).id, play.status.value, play.start, play.end)
        for play in ended
        if play.status is Status.IDENTIFIED
    ]


def test_an_evening_has_the_same_plays_among_many_other_recordings(matcher: Matcher, tmp_path: Path) -> None:
    known = [reference(f"r{seed}", music(seed)) for seed in range(12)]
    others = [reference(f"other{seed}", music(1000 + seed)) for seed in range(150)]
    build(tmp_path, [[*known, *others], [reference("addition", music(50))]], coarse=1000)
    crowded = matcher_of(tmp_path)
    assert crowded.catalogue.parts[0].coarse is not None
    pieces = [music(3)[40:80], music(500)[:40], music(9)[10:60], music(501)[:70], music(50)[100:140]]
    sound = heard(np.concatenate(pieces), 0.8)
    matcher.forget()
    alone = evening_of(matcher, sound)
    matcher.forget()
    assert [name for name, *_ in alone] == ["r3", "r9", "addition"]
    among = evening_of(crowded, sound)
    assert [(name, status) for name, status, *_ in among] == [(name, status) for name, status, *_ in alone]
    for (*_, start, end), (*_, alone_start, alone_end) in zip(among, alone, strict=True):
        assert start == pytest.approx(alone_start, abs=HOP)
        assert end == pytest.approx(alone_end, abs=HOP)
