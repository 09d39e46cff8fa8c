"""Processes side by side: what one opens, how errors come back, what a dead one leaves."""

import os
import signal
from collections.abc import Iterator
from functools import partial

import pytest

from central.processes import side_by_side
from device.errors import Broken, EstuError, Refused

DIED = Broken("test-worker-died", "One has died.", "Begin again.")


def opened(number: int) -> list[int]:
    """What each process has at hand; it remembers what was done there."""
    return [number]


def add(at_hand: list[int], task: int) -> tuple[int, int, str]:
    at_hand.append(task)
    return at_hand[0] + task, len(at_hand), os.environ["OMP_NUM_THREADS"]


def refuse(_at_hand: list[int], task: int) -> int:
    if task == 2:
        raise Refused("test-two", "Two is not taken.", "Take three.")
    return task


def die(_at_hand: list[int], _task: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def unopenable() -> list[int]:
    raise Broken("test-unopenable", "Nothing can be opened.", "Install it.")


def test_each_process_opens_once_and_uses_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    done = sorted(side_by_side(range(6), add, partial(opened, 100), 1, DIED))
    assert done == [(100 + task, 2 + task, "1") for task in range(6)]
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_tasks_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    done = side_by_side(tasks(), add, partial(opened, 0), 1, DIED)
    next(done)
    assert len(taken) < 10
    assert len(list(done)) == 49


def test_an_error_comes_back_as_what_it_was() -> None:
    with pytest.raises(Refused) as caught:
        list(side_by_side(range(9), refuse, partial(opened, 0), 1, DIED))
    assert (caught.value.code, caught.value.advice) == ("test-two", "Take three.")


@pytest.mark.parametrize(
    ("work", "begin", "code"),
    [(die, partial(opened, 0), "test-worker-died"), (add, unopenable, "test-unopenable")],
    ids=["killed", "nothing to begin with"],
)
def test_a_process_that_cannot_go_on_ends_all(work: object, begin: object, code: str) -> None:
    with pytest.raises(EstuError) as caught:
        list(side_by_side(range(3), work, begin, 1, DIED))  # type: ignore[arg-type]
    assert caught.value.code == code
