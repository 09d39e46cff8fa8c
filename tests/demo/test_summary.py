"""What a demonstration came to."""

import io
import json

import pytest
from rich.console import Console

from demo.account import Account, Entry
from demo.evening import Kind, plan
from demo.score import Score, score
from demo.summary import Summary


@pytest.fixture
def evening(repertoire, audible):
    return plan(repertoire, audible, 1)


def account(evening, leave_out=()):
    entries = tuple(
        Entry(s.piece.recording, s.title, True, s.start + 1, s.end, s.piece_start + 1.5, 9.0, n)
        for n, s in enumerate(evening.of(Kind.KNOWN), 2)
        if s not in leave_out
    )
    return Account(entries, head=20, receipt=20)


def summary(evening, account, verified=True):
    return Summary(score(evening.scenes, account.entries), account, verified, evening.seconds, 200.0)


def shown(value: Summary) -> str:
    console = Console(width=140, file=io.StringIO())
    value.show(console)
    return console.file.getvalue()


def test_a_good_evening_is_told_in_the_figures_that_were_promised(evening, tmp_path):
    value = summary(evening, account(evening))
    value.write(tmp_path / "summary.json")
    told = json.loads((tmp_path / "summary.json").read_text())
    known = len(evening.of(Kind.KNOWN))
    figures = {"known": known, "found": known, "missed": 0, "false_plays": 0, "chain_verified": True}
    assert figures.items() <= told.items()
    assert (told["head_seq"], told["receipt_seq"], told["seconds_taken"]) == (20, 20, 200.0)
    assert told["seconds_of_sound"] == pytest.approx(evening.seconds, abs=0.1)
    assert [piece["seconds_off"] for piece in told["pieces"]] == [0.5] * known
    assert value.good


def test_an_evening_is_not_good_if_the_chain_or_the_receipt_is_not(evening):
    whole = account(evening)
    assert not summary(evening, whole, verified=False).good
    assert not summary(evening, Account(whole.entries, head=20, receipt=19)).good


def test_what_was_missed_is_named(evening):
    longest = max(evening.of(Kind.KNOWN), key=lambda scene: scene.seconds)
    value = summary(evening, account(evening, leave_out=[longest]))
    assert not value.good
    line = next(line for line in shown(value).splitlines() if line.startswith(f"{longest.title} "))
    assert line.rstrip().endswith("missed")


def test_a_microphone_is_summed_up_without_a_score():
    value = Summary(Score((), ()), Account(head=3, receipt=3), True, 60.0, 80.0)
    assert value.good
    assert "found" not in shown(value)
    assert "receipted 3 of 3" in shown(value)
