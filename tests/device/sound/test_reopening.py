"""A microphone that goes and comes gives one stream, and the time between is lost sound."""

from collections.abc import Iterator

import numpy as np
import pytest

from device.errors import Waiting
from device.sound.block import Block
from device.sound.reopening import LONGEST_PAUSE, reopening


def away(code: str = "microphone-missing") -> Waiting:
    return Waiting(code, "It is away.", "Plug it in.")


class Room:
    """A room with a clock, in which a microphone is opened as a script tells."""

    def __init__(self, script: list[tuple[int, int] | Waiting]) -> None:
        self.now = 100.0
        self.script = script
        self.pauses: list[float] = []
        self.reports: list[Waiting] = []

    def open_blocks(self) -> Iterator[Block]:
        turn = self.script.pop(0)
        if isinstance(turn, Waiting):
            raise turn
        count, rate = turn
        for number in range(count):
            self.now += 0.1
            yield Block(np.zeros(rate // 10, dtype=np.float32), rate, number * rate // 10, 0, self.now)
        raise away("microphone-gone")

    def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return not self.script

    def heard(self) -> list[Block]:
        return list(reopening(self.open_blocks, self.pause, began=self.now, report=self.reports.append))


def test_positions_and_time_agree_through_every_absence_and_every_card() -> None:
    room = Room([(3, 44100), away(), away(), (5, 48000), (2, 44100), away(), away(), (1, 16000)])
    for block in room.heard():
        seconds = block.position / block.rate + block.seconds
        assert seconds == pytest.approx(block.monotonic - 100.0, abs=1e-3)


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


def test_attempts_become_rarer_but_a_return_is_noticed_within_15_seconds() -> None:
    room = Room([(1, 8000), *[away() for _ in range(6)], (1, 8000), away()])
    room.heard()
    assert room.pauses[:5] == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert max(room.pauses) == LONGEST_PAUSE < 15.0
    assert room.pauses[-2:] == [1.0, 2.0]


def test_the_reason_is_said_once_and_again_only_if_it_changes() -> None:
    room = Room(
        [(1, 8000), away(), away(), away("microphone-not-opened"), (1, 8000), away("microphone-gone")]
    )
    room.heard()
    assert [report.code for report in room.reports] == [
        "microphone-gone", "microphone-missing", "microphone-not-opened", "microphone-gone"
    ]  # fmt: skip
