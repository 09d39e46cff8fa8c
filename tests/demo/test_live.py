"""What is shown while an evening passes."""

import io

import pytest
from rich.console import Console

from demo.account import Account, Entry
from demo.evening import Kind, plan
from demo.live import PATIENCE, Screen, View, drawn, news


@pytest.fixture
def evening(repertoire, audible):
    return plan(repertoire, audible, 1)


def text(shown, width=140) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(shown)
    return console.file.getvalue()


def named(scene, identified=True) -> Entry:
    return Entry(
        scene.piece.recording, scene.title, identified, scene.start, scene.end, scene.piece_start, 9.0, 2
    )


def row(shown: str, scene) -> str:
    """The line of a scene; titles of known pieces differ from each other."""
    return next(line for line in shown.splitlines() if f"{scene.title} – " in line)


def test_what_sounds_now_is_marked(evening):
    scene = evening.of(Kind.KNOWN)[0]
    assert row(text(drawn(View(scene.start + 1, Account(), evening))), scene).startswith("▶")
    assert not row(text(drawn(View(scene.end + 1, Account(), evening))), scene).startswith("▶")


def test_the_box_has_time_to_write_before_a_piece_is_shown_as_missed(evening):
    scene = evening.of(Kind.KNOWN)[0]
    assert "…" in row(text(drawn(View(scene.end + 1, Account(), evening))), scene)
    assert "✗ nothing" in row(text(drawn(View(scene.end + PATIENCE, Account(), evening))), scene)
    found = Account((named(scene),), head=2)
    assert f"✓ {scene.title}" in row(text(drawn(View(scene.end + 1, found, evening))), scene)
    unsure = Account((named(scene, identified=False),), head=2)
    assert f"? perhaps {scene.title}" in row(text(drawn(View(scene.end + 1, unsure, evening))), scene)


def test_a_false_play_is_shown_beside_what_it_was_taken_for(evening):
    scene = evening.of(Kind.UNKNOWN)[0]
    false = Entry("other", "Other", True, scene.start + 5, scene.end, 0.0, 9.0, 2)
    assert "✗ Other" in row(text(drawn(View(scene.end, Account((false,)), evening))), scene)


def test_the_foot_says_whether_the_platform_has_all(evening):
    assert "receipted up to 3" in text(drawn(View(10.0, Account(head=4, receipt=3), evening)))
    assert "receipted all of them" in text(drawn(View(10.0, Account(head=4, receipt=4), evening)))


def test_without_a_terminal_each_thing_is_told_once(evening):
    console = Console(width=140, file=io.StringIO())
    scene = evening.of(Kind.KNOWN)[0]
    account = Account((named(scene),), head=2, receipt=2)
    with Screen(console) as screen:
        for second in (0.0, scene.start - 0.1, scene.start, scene.end):
            screen.show(View(second, Account(head=1), evening))
        screen.show(View(scene.end, account, evening))
        screen.show(View(scene.end, account, evening))
    lines = console.file.getvalue().splitlines()
    assert sum("hall" in line and f"{scene.title} – " in line for line in lines) == 1
    assert sum("box" in line and scene.title in line for line in lines) == 1
    assert sum("platform" in line for line in lines) == 1


def test_a_microphone_is_shown_without_a_programme():
    entry = Entry("waltz", "Waltz", True, 3.0, 30.0, 12.0, 9.0, 2)
    view = View(40.0, Account((entry,), head=2))
    assert "Waltz" in text(drawn(view))
    assert len(news(View(0.0, Account()), view)) == 1


def test_what_the_box_complains_of_is_shown_and_told_once():
    deaf = View(1.0, Account(), warning="There is no microphone.")
    assert "There is no microphone." in text(drawn(deaf))
    assert len(news(View(0.0, Account()), deaf)) == 1
    assert news(deaf, deaf) == []
