"""Figures: what counts as a hit, and how sure a share or a rate is."""

import pytest

from central.evaluation import figures
from central.evaluation.answers import Answer, Asked, FalsePlay, Heard
from central.evaluation.figures import Rate, Share

ACCEPT = 4.0


def asked(*answers: Answer, known: bool = True, key: str = "") -> Asked:
    return Asked(key, "a.flac", 10.0, "dry", known, answers)


def said(score: float, off: float | None = 0.0, who: str = "int8") -> Answer:
    return Answer(who, 5.0, right=off is not None, off=off, score=score)


def only(found: list[figures.Cell], who: str = "int8") -> figures.Cell:
    (cell,) = (cell for cell in found if cell.who == who)
    return cell


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (0, 0, 0.0, 1.0)],
)
def test_a_share_has_wilsons_interval(count: int, of: int, low: float, high: float) -> None:
    assert Share(count, of).interval == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("count", "hours", "bound"), [(0, 20.0, 0.1498), (1, 20.0, 0.2372), (0, 1.0, 2.9957)]
)
def test_a_rate_has_its_upper_bound(count: int, hours: float, bound: float) -> None:
    assert Rate(count, hours).upper_bound == pytest.approx(bound, abs=1e-4)


def test_a_hit_is_accepted_right_and_within_a_second() -> None:
    cell = only(
        figures.cells(
            [
                asked(said(5.0, off=0.9)),
                asked(said(5.0, off=-1.1)),  # another place of the right recording
                asked(said(3.9, off=0.1)),  # right, but not sure enough
                asked(said(9.0, off=None)),  # another recording
            ],
            ACCEPT,
        )
    )
    assert [cell.hit.count, cell.first.count, cell.recording.count, cell.wrong.count] == [1, 2, 2, 1]
    assert cell.hit.of == 4
    assert cell.off_median == pytest.approx(0.9)


def test_a_peer_accepts_what_scores_above_every_unknown_clip() -> None:
    answers = [
        asked(said(6.0, who="chromaprint")),
        asked(said(4.9, who="chromaprint")),
        asked(said(5.0, who="chromaprint", off=None), known=False),
        asked(said(3.0, who="chromaprint", off=None), known=False),
    ]
    assert only(figures.cells(answers, ACCEPT), "chromaprint").hit == Share(1, 2)
    assert figures.unknown_clips(answers, ACCEPT)["chromaprint", 5.0] == Share(0, 2)


def test_a_peer_without_unknown_clips_accepts_nothing() -> None:
    cell = only(figures.cells([asked(said(99.0, who="chromaprint"))], ACCEPT), "chromaprint")
    assert (cell.hit.count, cell.first.count) == (0, 1)


def test_unknown_clips_that_the_box_accepts_are_told() -> None:
    answers = [asked(said(score, off=None), known=False) for score in (1.0, 4.0, 7.0)]
    assert figures.unknown_clips(answers, ACCEPT)["int8", 5.0] == Share(2, 3)


def test_false_plays_are_counted_by_what_sounded() -> None:
    plays = tuple(
        FalsePlay("x", status, 5.0, 3.0, during)
        for status, during in (
            ("identified", "music 3, hall, audience 5 dB"),
            ("identified", "applause"),
            ("candidate", "many voices"),
        )
    )
    heard = [Heard("stretch/0", {"music": 3600.0, "speech": 1800.0, "noise": 1800.0}, plays, (5.0,))]
    counts = {kind: (rate.count, rate.hours) for kind, rate in figures.false_plays(heard).items()}
    assert counts == {"music": (1, 1.0), "speech": (0, 0.5), "noise": (1, 0.5), "all": (2, 2.0)}
    assert figures.false_plays(heard, "candidate")["speech"].count == 1
