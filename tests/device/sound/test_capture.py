"""What the card's thread hands over comes out unchanged, and what is dropped is counted."""

import time
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.host import clock
from device.sound.capture import Capture

RATE, COUNT = 8000, 800


@dataclass
class Times:
    currentTime: float = 50.0  # noqa: N815
    inputBufferAdcTime: float = 49.9  # noqa: N815


@dataclass
class Flags:
    input_overflow: bool = False


def frames(value: float, channels: int = 1) -> np.ndarray:
    return np.full((COUNT, channels), value, dtype=np.float32)


def test_the_card_may_use_its_buffer_again_at_once() -> None:
    capture = Capture(RATE, buffers=4)
    buffer = frames(0.5)
    capture.take(buffer, COUNT, Times(), Flags())
    buffer[:] = -1
    block = capture.give(0)
    assert block is not None
    np.testing.assert_array_equal(block.samples, np.full(COUNT, 0.5, dtype=np.float32))


def test_channels_are_averaged() -> None:
    capture = Capture(RATE, buffers=4)
    capture.take(np.stack([frames(0.5)[:, 0], frames(0.1)[:, 0]], axis=1), COUNT, Times(), Flags())
    block = capture.give(0)
    assert block is not None
    np.testing.assert_allclose(block.samples, 0.3, rtol=1e-6)
    assert block.samples.dtype == np.float32
    assert block.samples.shape == (COUNT,)


@given(st.lists(st.sampled_from(["take", "give", "overflow"]), max_size=60))
def test_every_sample_is_given_or_counted_as_lost(turns: list[str]) -> None:
    capture = Capture(RATE, buffers=3)
    taken = given_back = position = 0
    blocks = []
    with patch.object(clock, "running", return_value=100.0):  # on a busy machine overflows would last longer
        for turn in turns:
            if turn == "give":
                blocks.append(capture.give(0))
            else:
                capture.take(frames(0.0), COUNT, Times(), Flags(input_overflow=turn == "overflow"))
                taken += COUNT
    while (block := capture.give(0)) is not None:
        blocks.append(block)
    for block in filter(None, blocks):
        assert block.position == position + block.lost
        position = block.position + len(block.samples)
        given_back += len(block.samples)
    capture.take(frames(0.0), COUNT, Times(), Flags())
    last = capture.give(0)
    assert last is not None
    overflows = turns.count("overflow")
    assert last.position == taken + overflows  # an overflow is at least one sample
    assert given_back <= taken


def test_a_full_queue_drops_the_newest_and_says_how_much() -> None:
    capture = Capture(RATE, buffers=2)
    for value in (0.1, 0.2, 0.3, 0.4):
        capture.take(frames(value), COUNT, Times(), Flags())
    first, second = capture.give(0), capture.give(0)
    capture.take(frames(0.5), COUNT, Times(), Flags())
    third = capture.give(0)
    assert first is not None
    assert second is not None
    assert third is not None
    assert [block.samples[0] for block in (first, second, third)] == pytest.approx([0.1, 0.2, 0.5])
    assert [block.lost for block in (first, second, third)] == [0, 0, 2 * COUNT]
    assert third.position == 4 * COUNT


def test_an_overflow_of_the_card_is_lost_sound_of_about_the_time_that_passed() -> None:
    capture = Capture(RATE, buffers=9)
    capture.take(frames(0.1), COUNT, Times(), Flags())
    time.sleep(0.5)
    capture.take(frames(0.2), COUNT, Times(), Flags(input_overflow=True))
    capture.give(0)
    block = capture.give(0)
    assert block is not None
    assert block.lost / RATE == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize(("adc", "age"), [(49.9, 0.0), (49.6, 0.3), (0.0, 0.0), (51.0, 0.0)])
def test_time_is_that_of_the_last_sample_and_nonsense_of_a_driver_is_not_believed(
    adc: float, age: float
) -> None:
    capture = Capture(RATE, buffers=4)
    now = clock.running()
    capture.take(frames(0.1), COUNT, Times(inputBufferAdcTime=adc), Flags())
    block = capture.give(0)
    assert block is not None
    assert block.monotonic == pytest.approx(now - age, abs=0.05)


def test_no_sound_is_no_block() -> None:
    assert Capture(RATE, buffers=1).give(0.01) is None
