"""Plays: when matches make one play, and when it ends."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.match.match import Match
from device.play import PAUSE, Play, Plays, Status
from device.span import Span

ACCEPT, CANDIDATE = 8.0, 4.0


def match(
    start: float,
    end: float,
    recording: int = 1,
    reference: float | None = None,
    score: float = 20.0,
    groups: int = 2,
    agreeing: int = 4,
    alternatives: tuple[int, ...] = (),
) -> Match:
    return Match(
        recording=recording,
        start=start,
        end=end,
        reference_start=start if reference is None else reference,
        tempo=1.0,
        score=score,
        windows=4,
        agreeing=agreeing,
        groups=groups,
        runner_up=None,
        alternatives=alternatives,
    )


def heard(*matches: Match) -> list[Play]:
    plays = Plays(ACCEPT, CANDIDATE)
    told = [play for m in matches for play in plays.hear(m.end - 2.0, [m])]
    return told + plays.finish()


def test_matches_along_one_line_are_one_play_from_the_first_to_the_last_second() -> None:
    (play,) = heard(*(match(max(0.0, t - 15.0), t) for t in range(3, 60)))
    assert (play.start, play.end, play.seconds_heard) == (0.0, 59.0, 59.0)
    assert play.status is Status.IDENTIFIED


def test_a_play_is_told_only_when_its_pause_is_over() -> None:
    plays = Plays(ACCEPT, CANDIDATE)
    assert plays.hear(8.0, [match(0.0, 10.0)]) == []
    assert plays.hear(10.0 + PAUSE, []) == []
    (play,) = plays.hear(10.5 + PAUSE, [])
    assert play.end == 10.0
    assert plays.finish() == []


def test_a_recording_started_again_is_a_second_play() -> None:
    first, second = heard(match(0.0, 20.0, reference=0.0), match(21.0, 40.0, reference=0.0))
    assert (first.reference_start, second.reference_start) == (0.0, 0.0)
    assert (first.end, second.start) == (20.0, 21.0)


def test_a_quiet_bar_leaves_two_spans_of_one_play() -> None:
    (play,) = heard(match(0.0, 10.0), match(16.0, 30.0))
    assert play.spans == (Span(0.0, 10.0), Span(16.0, 30.0))
    assert play.seconds_heard == 24.0


def test_the_unsure_is_told_as_a_candidate_never_dropped() -> None:
    (play,) = heard(match(0.0, 3.0, score=5.0))
    assert play.status is Status.CANDIDATE


def test_what_is_below_every_threshold_is_no_play() -> None:
    assert heard(match(0.0, 3.0, score=3.9)) == []


def test_a_candidate_becomes_identified_when_more_is_heard() -> None:
    (play,) = heard(match(0.0, 3.0, score=5.0), match(0.0, 9.0, score=12.0))
    assert (play.status, play.best.score, play.end) == (Status.IDENTIFIED, 12.0, 9.0)


def test_an_unsure_recording_under_an_identified_one_is_its_shadow() -> None:
    told = heard(match(0.0, 10.0), match(1.0, 9.0, recording=2, score=6.0))
    assert [play.recording for play in told] == [1]


def test_two_identified_recordings_may_sound_at_once() -> None:
    told = heard(match(0.0, 20.0), match(15.0, 40.0, recording=2))
    assert [play.recording for play in told] == [1, 2]


def test_dialogue_over_the_music_does_not_cut_its_play_in_two() -> None:
    (play,) = heard(match(0.0, 20.0), match(40.0, 60.0))
    assert play.spans == (Span(0.0, 20.0), Span(40.0, 60.0))


def test_music_that_repeats_itself_is_one_play_though_it_lies_on_several_lines() -> None:
    lines = [match(float(t), t + 15.0, reference=t + 32.0 * (t % 3)) for t in range(0, 60, 2)]
    (play,) = heard(*lines)
    assert (play.start, play.end) == (0.0, 73.0)


def test_what_the_matcher_still_remembers_opens_no_play_again() -> None:
    plays = Plays(ACCEPT, CANDIDATE)
    plays.hear(8.0, [match(0.0, 10.0)])
    told = [play for t in range(9, 90) for play in plays.hear(float(t), [match(2.0, 10.0)])]
    assert [play.end for play in told] == [10.0]
    assert plays.finish() == []


@pytest.mark.parametrize("tempo", [0.96, 1.0, 1.04])
def test_a_long_performance_at_another_speed_stays_one_play(tempo: float) -> None:
    matches = [
        Match(1, t, t + 15.0, 5.0 + t * tempo, round(tempo, 2), 20.0, 27, 27, 7, None)
        for t in range(0, 600, 2)
    ]
    (play,) = heard(*matches)
    assert play.reference_start == 5.0


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 15)), min_size=1, max_size=30))
def test_spans_are_ordered_disjoint_and_hold_every_match(pieces: list[tuple[int, int]]) -> None:
    first = match(float(pieces[0][0]), float(sum(pieces[0])))
    play = Play(1, Status.IDENTIFIED, (Span(first.start, first.end),), first.reference_start, first)
    for start, length in pieces[1:]:
        play = play.continued_by(match(float(start), float(start + length)), accepted=True)
    assert all(a.end < b.start for a, b in zip(play.spans, play.spans[1:], strict=False))
    for start, length in pieces:
        assert any(span.start <= start and start + length <= span.end for span in play.spans)


def test_one_moment_alone_makes_a_candidate_however_sure_it_is() -> None:
    moment = match(0.0, 2.5, groups=1, agreeing=2, score=50.0)
    (play,) = heard(moment)
    assert play.status is Status.CANDIDATE
    (play,) = heard(moment, match(0.0, 4.0, groups=2, agreeing=2, score=9.0))
    assert play.status is Status.IDENTIFIED


def test_three_seconds_are_enough_if_all_that_they_hold_agrees() -> None:
    (play,) = heard(match(0.0, 3.0, groups=1, agreeing=3, score=9.0))
    assert play.status is Status.IDENTIFIED


def test_another_release_of_the_same_sound_continues_a_play() -> None:
    single = match(0.0, 15.0, 1, reference=30.0, score=12.0, alternatives=(2,))
    album = match(5.0, 20.0, 2, reference=36.5, score=14.0, alternatives=(1,))
    (play,) = heard(single, album)
    assert (play.recording, play.start, play.end) == (2, 0.0, 20.0)
    assert play.reference_start == 31.5
    other = match(5.0, 20.0, 3, reference=36.5, score=14.0)
    assert len(by_turns([single, other])) == 2


def by_turns(*turns: list[Match]) -> list[Play]:
    """Hear what the matcher says in one turn after the other."""
    plays = Plays(ACCEPT, CANDIDATE)
    told = [play for turn in turns for play in plays.hear(max(m.end for m in turn) - 2.0, turn)]
    return told + plays.finish()


def test_two_versions_that_are_taken_for_what_sounds_by_turns_are_one_play_not_two() -> None:
    turns = [
        [match(max(0.0, t - 15.0), float(t), 1 + t // 10 % 2, score=20.0 + t // 10 % 2)]
        for t in range(4, 61, 2)
    ]
    (play,) = by_turns(*turns)
    assert (play.start, play.end, play.status) == (0.0, 60.0, Status.IDENTIFIED)
    assert play.recording == 2  # the one that fits best
    assert play.runner_up is not None
    assert play.runner_up.recording == 1
    assert play.versions == (1,)


def test_a_version_that_goes_on_when_the_other_has_ended_is_still_the_same_play() -> None:
    turns = [[match(max(0.0, t - 15.0), float(t), 1 if t < 14 else 2)] for t in range(4, 120, 2)]
    (play,) = by_turns(*turns)
    assert (play.start, play.end) == (0.0, 118.0)
    turns += [[match(float(t - 15), float(t), 1, score=30.0)] for t in range(120, 180, 2)]
    (play,) = by_turns(*turns)
    assert (play.recording, play.start, play.end) == (1, 0.0, 178.0)


def test_film_music_over_other_music_is_told_beside_it_if_both_were_believed_at_once() -> None:
    turns = [[match(max(0.0, t - 15.0), float(t))] for t in range(4, 20, 2)]
    turns += [[match(t - 15.0, float(t)), match(t - 15.0, float(t), 2, score=10.0)] for t in range(20, 40, 2)]
    turns += [[match(t - 15.0, float(t))] for t in range(40, 60, 2)]
    assert [(play.recording, play.end) for play in by_turns(*turns)] == [(1, 58.0), (2, 38.0)]


def test_a_crossfade_leaves_two_plays_though_the_matcher_believes_one_at_a_time() -> None:
    turns = [[match(max(0.0, t - 15.0), float(t))] for t in range(4, 40, 2)]
    turns += [[match(max(32.0, t - 15.0), float(t), 2)] for t in range(40, 70, 2)]
    assert [play.recording for play in by_turns(*turns)] == [1, 2]


def test_a_short_piece_between_two_stretches_of_another_is_a_play_of_its_own() -> None:
    told = by_turns([match(0.0, 10.0)], [match(11.0, 20.0, 2)], [match(21.0, 31.0)])
    assert [(play.recording, len(play.spans)) for play in told] == [(1, 2), (2, 1)]


def test_an_unsure_version_does_not_lengthen_an_identified_play() -> None:
    (play,) = by_turns([match(0.0, 10.0)], [match(2.0, 12.0, 2, score=5.0)])
    assert (play.recording, play.end) == (1, 10.0)


def test_versions_stay_one_play_when_the_catalogue_changes_and_the_service_starts_again() -> None:
    first, second = (match(0.0, 20.0), match(1.0, 21.0, 2, score=25.0))
    (play,) = by_turns([first], [second])
    kept = msgspec.json.decode(msgspec.json.encode(play), type=Play)
    moved = kept.renumbered(lambda number: {1: 11, 2: 12}[number])
    assert moved is not None
    plays = Plays(ACCEPT, CANDIDATE)
    plays.go_on([moved])
    plays.hear(22.0, [match(4.0, 24.0, 11)])
    (told,) = plays.finish()
    assert (told.recording, told.versions, told.end) == (12, (11,), 24.0)
