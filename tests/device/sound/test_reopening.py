"""A microphone that goes and comes gives one stream, and its time goes on while there is no sound."""

from collections.abc import Iterator

import numpy as np
import pytest

from device.errors import Waiting
from device.sound.block import Absence, Arrival, Block
from device.sound.reopening import LONGEST_PAUSE, TICK, reopening


def away(code: str = "microphone-missing") -> Waiting:
    return Waiting(code, "It is away.", "Plug it in.")


class Room:
    """A room with a clock, in which a microphone is opened as a script tells."""

    def __init__(self, script: list[tuple[int, int] | Waiting]) -> None:
        self.now = 100.0
        self.script = script
        self.attempts: list[float] = []

    def open_blocks(self) -> Iterator[Block]:
        self.attempts.append(self.now)
        turn = self.script.pop(0)
        if isinstance(turn, Waiting):
            raise turn
        count, rate = turn
        for number in range(count):
            self.now += 0.1
            yield Block(np.zeros(rate // 10, dtype=np.float32), rate, number * rate // 10, 0, self.now)
        raise away("microphone-gone")

    def pause(self, seconds: float) -> bool:
        assert 0.0 < seconds <= TICK
        self.now += seconds
        return not self.script

    def arrivals(self) -> list[Arrival]:
        return list(reopening(self.open_blocks, self.pause, lambda: self.now))

    def heard(self) -> list[Block]:
        return [arrival for arrival in self.arrivals() if isinstance(arrival, Block)]


def test_positions_and_time_agree_through_every_absence_and_every_card() -> None:
    room = Room([(3, 44100), away(), away(), (5, 48000), (2, 44100), away(), away(), (1, 16000)])
    arrivals = room.arrivals()
    for arrival in arrivals:
        assert arrival.until == pytest.approx(arrival.monotonic - 100.0, abs=1e-3)
    assert sum(isinstance(arrival, Absence) for arrival in arrivals) > 10


def test_only_the_first_block_after_an_absence_carries_it() -> None:
    heard = Room([(2, 44100), away(), (3, 44100)]).heard()
    lost = [block.lost for block in heard]
    assert lost[:2] == [0, 0]
    assert lost[2] == pytest.approx(3.0 * 44100, abs=1)  # pauses of 1 and 2 s
    assert lost[3:] == [0, 0]


def test_a_microphone_away_at_the_start_makes_the_stream_begin_late() -> None:
    first = Room([away(), away(), (1, 8000)]).heard()[0]
    assert first.lost == first.position == pytest.approx(3 * 8000, abs=1)


def test_a_stream_that_begins_at_once_has_lost_nothing() -> None:
    first = Room([(1, 8000)]).heard()[0]
    assert first.lost == first.position == 0


def test_attempts_become_rarer_but_come_often_enough_for_15_seconds() -> None:
    room = Room([(1, 8000), *[away() for _ in range(6)], (1, 8000), away()])
    room.heard()
    pauses = np.diff(room.attempts)
    assert list(np.round(pauses[:6], 3)) == [1.1, 2.0, 4.0, 4.0, 4.0, 4.0]
    assert max(pauses) == pytest.approx(LONGEST_PAUSE)
    assert LONGEST_PAUSE < 5.0  # and 10 s are left for opening the card
    assert pauses[-1] == pytest.approx(1.1)


def test_whoever_waits_gives_a_sign_each_second_and_says_why() -> None:
    absences = Room([(1, 8000), away(), away("microphone-busy"), (1, 8000)]).arrivals()[1:8]
    assert np.diff([each.monotonic for each in absences]).max() <= TICK
    reasons = [each.reason.code for each in absences if isinstance(each, Absence)]
    assert reasons == ["microphone-gone"] + ["microphone-missing"] * 2 + ["microphone-busy"] * 4
