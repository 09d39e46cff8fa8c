"""The book of answers: who was asked what, and who is to be asked still."""

from pathlib import Path

from central.evaluation.answers import Answer, Asked, Heard, Kept
from central.evaluation.book import Book

STRETCH = Heard("stretch/3", {"music": 300.0}, (), (0.0, 1.25))


def said(*names: str) -> Asked:
    answers = tuple(Answer(name, 5.0, True, -0.2, 7.5) for name in names)
    return Asked("known/dry/1", "a.flac", 1.5, "dry", True, answers)


def test_a_peer_that_was_asked_is_not_asked_again_when_the_box_answers_anew(tmp_path: Path) -> None:
    peer = Kept(tmp_path / "peer.jsonl")
    before = Book({"int8": Kept(tmp_path / "box.jsonl"), "peer": peer})
    assert before.missing("known/dry/1") == {"int8", "peer"}
    before.take([said("int8", "peer"), STRETCH])
    assert before.missing("known/dry/1") == set()
    changed = Book({"int8": Kept(tmp_path / "other box.jsonl"), "peer": peer})
    assert changed.missing("known/dry/1") == {"int8"}
    assert not changed.has_heard("stretch/3")


def test_what_several_said_of_a_clip_comes_together_in_one_order(tmp_path: Path) -> None:
    files = {"int8": Kept(tmp_path / "box.jsonl"), "peer": Kept(tmp_path / "peer.jsonl")}
    Book(files).take([said("peer")])
    Book(files).take([said("int8"), STRETCH])
    assert Book(files).about(["known/dry/1", "never asked", "stretch/3"]) == (said("int8", "peer"), STRETCH)


def test_two_who_share_a_file_are_told_apart(tmp_path: Path) -> None:
    shared = Kept(tmp_path / "box.jsonl")
    Book({"int8": shared, "float": shared}).take([said("int8", "float")])
    assert Book({"float": shared}).about(["known/dry/1"]) == (said("float"),)
