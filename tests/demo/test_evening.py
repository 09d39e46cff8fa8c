"""The programme of an evening."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.evening import GAP, KNOWN, UNKNOWN, Kind, plan
from demo.music import Repertoire

seeds = st.integers(min_value=0, max_value=2**32 - 1)
any_evening = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)


def test_the_same_seed_gives_the_same_evening_and_another_seed_another(repertoire, audible):
    assert plan(repertoire, audible, 7) == plan(repertoire, audible, 7)
    assert plan(repertoire, audible, 7) != plan(repertoire, audible, 8)


@any_evening
@given(seed=seeds)
def test_no_piece_sounds_twice_and_none_sounds_where_it_is_silent(repertoire, audible, seed):
    music = plan(repertoire, audible, seed).of(Kind.KNOWN, Kind.UNKNOWN)
    assert len({scene.piece for scene in music}) == len(music) == len(KNOWN) + len(UNKNOWN)
    for scene in music:
        part = audible(scene.piece)
        assert part.start <= scene.piece_start
        assert scene.piece_start + scene.seconds <= part.end + 1e-6


@any_evening
@given(seed=seeds)
def test_one_scene_follows_another_with_a_gap_between(repertoire, audible, seed):
    programme = plan(repertoire, audible, seed)
    apart = [scene for scene in programme.scenes if not _within_music(scene, programme)]
    for before, after in pairwise(apart):
        assert GAP[0] <= after.start - before.end <= GAP[1]
    assert programme.scenes[0].kind is Kind.SILENCE
    assert apart[-1].kind is Kind.APPLAUSE
    assert programme.seconds > apart[-1].end


@any_evening
@given(seed=seeds)
def test_somebody_speaks_in_the_middle_of_one_known_piece(repertoire, audible, seed):
    programme = plan(repertoire, audible, seed)
    (over,) = [scene for scene in programme.of(Kind.SPEECH) if _within_music(scene, programme)]
    (music,) = [scene for scene in programme.at(over.start) if scene is not over]
    assert music.kind is Kind.KNOWN
    assert music.seconds - over.seconds > 2 * over.seconds


def test_some_known_pieces_are_shorter_than_what_may_not_be_missed_and_most_are_longer(repertoire, audible):
    lengths = [scene.seconds for scene in plan(repertoire, audible, 1).of(Kind.KNOWN)]
    assert 1 <= sum(seconds < 15 for seconds in lengths) < len(lengths) / 2


def test_a_user_with_two_pieces_still_gets_an_evening(repertoire, audible):
    small = Repertoire(repertoire.known[:1], repertoire.unknown[:1])
    programme = plan(small, audible, 3)
    assert len(programme.of(Kind.KNOWN)) == len(programme.of(Kind.UNKNOWN)) == 1


def _within_music(scene, programme):
    return any(other.start < scene.start and scene.end < other.end for other in programme.scenes)
