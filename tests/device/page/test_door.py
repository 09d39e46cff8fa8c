"""Who gets in."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import Refused
from device.page import lock, sessions
from device.page.door import Door, is_own_form
from device.page.label_code import hash_label_code
from device.page.lock import Lock
from tests.device.page.conftest import Time
from tests.device.page.house import CODE


@pytest.fixture
def door(tmp_path: Path, clock: Time) -> Door:
    path = tmp_path / "label-code.scrypt"
    path.write_text(hash_label_code(CODE, os.urandom(16)) + "\n")
    return Door(path, lambda: clock.monotonic)


def test_the_code_opens_however_it_is_typed(door: Door) -> None:
    assert door.session(door.show(CODE).token)
    assert door.session(door.show(" 7kq2m xd4wp ").token)


@pytest.mark.parametrize("code", ["", "7KQ2M-XD4WQ", "A" * 4_000, "\x00", "қ" * 10])
def test_no_other_code_does(door: Door, code: str) -> None:
    assert door.show(code).token is None


def test_after_five_wrong_codes_not_even_the_right_one_is_looked_at(door: Door, clock: Time) -> None:
    assert [door.show("WRONG").waits for _ in range(lock.TRIES)] == [0.0, 0.0, 0.0, 0.0, lock.FIRST]
    assert door.show(CODE).token is None
    clock.pass_by(lock.FIRST)
    assert door.show(CODE).token is not None
    assert door.show("WRONG").waits == 0.0  # counted from the beginning again


def test_each_further_wrong_code_doubles_the_wait_up_to_a_limit() -> None:
    guessed, now, waits = Lock(), 0.0, []
    for _ in range(12):
        guessed = guessed.after_wrong(now)
        waits.append(guessed.waits(now))
        now += waits[-1]
    assert waits == [0, 0, 0, 0, 60, 120, 240, 480, 900, 900, 900, 900]


def test_asking_while_locked_does_not_lengthen_the_wait(door: Door, clock: Time) -> None:
    for _ in range(lock.TRIES):
        door.show("WRONG")
    clock.pass_by(30)
    assert door.show("WRONG").waits == 30
    assert door.waits() == 30


def test_a_session_ends_when_nobody_uses_it(door: Door, clock: Time) -> None:
    token = door.show(CODE).token
    clock.pass_by(sessions.IDLE - 1)
    assert door.session(token)
    clock.pass_by(sessions.IDLE - 1)
    assert door.session(token)
    clock.pass_by(sessions.IDLE)
    assert door.session(token) is None


def test_a_session_ends_although_it_is_used_all_day(door: Door, clock: Time) -> None:
    token = door.show(CODE).token
    used = 0.0
    while door.session(token):
        clock.pass_by(600)
        used += 600
    assert used == sessions.LONGEST


def test_leaving_ends_a_session_and_no_other(door: Door) -> None:
    mine, theirs = door.show(CODE).token, door.show(CODE).token
    door.leave(mine)
    door.leave("never seen")
    assert door.session(mine) is None
    assert door.session(theirs)


def test_a_made_up_token_opens_nothing(door: Door) -> None:
    assert door.session("x" * 43) is None
    assert door.session(None) is None
    assert door.session("") is None


def test_sessions_do_not_pile_up(clock: Time) -> None:
    open_ones = sessions.Sessions()
    tokens = []
    for _ in range(sessions.MOST + 5):
        clock.pass_by(1)
        tokens.append(open_ones.begin(clock.monotonic))
    alive = [token for token in tokens if open_ones.find(token, clock.monotonic)]
    assert alive == tokens[5:]


def test_a_form_of_another_session_is_not_ones_own(door: Door) -> None:
    mine, theirs = (door.session(door.show(CODE).token) for _ in range(2))
    assert mine
    assert theirs
    assert is_own_form(mine, mine.form_token)
    assert not is_own_form(mine, theirs.form_token)
    assert not is_own_form(mine, "")
    assert not is_own_form(mine, "ключ\udcff")


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(""),
        lambda path: path.write_bytes(b"\xff$$$$"),
    ],
)
def test_without_a_legible_hash_nobody_gets_in(
    door: Door, tmp_path: Path, write: Callable[[Path], object]
) -> None:
    write(tmp_path / "label-code.scrypt")
    with pytest.raises(Refused) as refusal:
        door.show(CODE)
    assert refusal.value.code in ("label-code-absent", "label-code-damaged")
