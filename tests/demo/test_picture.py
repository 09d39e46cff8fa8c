"""The picture of an evening."""

import matplotlib.image
import numpy as np
import pytest

from demo.account import Entry
from demo.evening import Kind, Programme, Scene, plan
from demo.picture import DOTS, FALSE, PALETTE, SIZE, draw
from demo.score import score


def named(scene: Scene, identified: bool = True) -> Entry:
    return Entry(
        scene.piece.recording, scene.title, identified, scene.start, scene.end, scene.piece_start, 9.0, 1
    )


@pytest.fixture
def evening(repertoire, audible) -> Programme:
    return plan(repertoire, audible, 1)


@pytest.fixture
def drawn(evening, tmp_path):
    """Draws an account and gives the picture's dots as 8-bit colours."""

    def picture(account):
        levels = np.full(round(evening.seconds * 2), -30.0)
        path = tmp_path / "evening.png"
        draw(evening, account, score(evening.scenes, account), levels, path)
        return np.round(matplotlib.image.imread(path)[:, :, :3] * 255).astype(int)

    return picture


def dots(picture: np.ndarray, colour: str) -> int:
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((picture == wanted).all(axis=2).sum())


def test_a_good_evening_is_drawn_with_each_piece_above_and_below(evening, drawn):
    known = evening.of(Kind.KNOWN)
    without, complete = drawn([]), drawn([named(scene) for scene in known])
    assert complete.shape == (int(SIZE[1] * DOTS), int(SIZE[0] * DOTS), 3)
    for colour in PALETTE[1 : len(known)]:  # the first is in the legend too
        assert dots(complete, colour) > 2000
        assert dots(without, colour) < 100


def test_what_was_missed_and_what_is_false_is_red(evening, drawn):
    known = evening.of(Kind.KNOWN)
    good = drawn([named(scene) for scene in known])
    missed = drawn([named(scene) for scene in known[1:]])
    false = drawn(
        [*(named(scene) for scene in known), Entry("other", "Other", True, 300.0, 330.0, 0.0, 9.0, 99)]
    )
    assert dots(missed, FALSE) > dots(good, FALSE)
    assert dots(false, FALSE) > dots(missed, FALSE)
