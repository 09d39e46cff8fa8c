"""Kept answers: what was asked is not asked again, also after a power cut in the middle of a line."""

from pathlib import Path

from central.evaluation.answers import Answer, Asked, Heard, Kept

CLIP = Asked("known/dry/1", "a.flac", 1.5, "dry", True, (Answer("int8", 5.0, True, -0.2, 7.5),))
STRETCH = Heard("stretch/3", {"music": 300.0}, (), (0.0, 1.25))


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "folder" / "answers.jsonl")
    assert list(kept.read()) == []
    kept.keep([CLIP])
    kept.keep([STRETCH])
    assert list(kept.read()) == [CLIP, STRETCH]


def test_a_line_that_was_cut_off_is_asked_again_and_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    Kept(path).keep([STRETCH, CLIP])
    path.write_bytes(path.read_bytes()[:-20])
    assert list(Kept(path).read()) == [STRETCH]
    Kept(path).keep([CLIP])
    assert list(Kept(path).read()) == [STRETCH, CLIP]
