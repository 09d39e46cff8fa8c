"""The cutter: blocks of any rate in, segments at the model's rate out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.sound.block import Block
from device.sound.cutter import Cutter
from device.sound.segments import Segment

RATE, WINDOW, HOP = 8000, 16000, 4000


def noise(seconds: float, rate: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.5, 0.5, round(seconds * rate)).astype(np.float32)


def blocks(samples: np.ndarray, rate: int, sizes: list[int]) -> list[Block]:
    made, position = [], 0
    turn = 0
    while position < len(samples):
        piece = samples[position : position + sizes[turn % len(sizes)]]
        made.append(Block(piece.copy(), rate, position, 0, (position + len(piece)) / rate))
        position, turn = position + len(piece), turn + 1
    return made


def segments(given_blocks: list[Block]) -> list[Segment]:
    cutter = Cutter(WINDOW, HOP, RATE)
    return [s for block in given_blocks for s in cutter.cut(block)] + list(cutter.finish())


@settings(max_examples=25, deadline=None)
@given(
    rate=st.sampled_from([8000, 16000, 44100, 48000]),
    sizes=st.lists(st.integers(1, 20_000), min_size=1, max_size=6),
)
def test_however_the_blocks_are_cut_the_same_segments_come_out(rate: int, sizes: list[int]) -> None:
    samples = noise(4.3, rate)
    whole = segments([Block(samples, rate, 0, 0, 4.3)])
    cut = segments(blocks(samples, rate, [max(64, size) for size in sizes]))
    assert [s.position for s in cut] == [s.position for s in whole]
    for a, b in zip(cut, whole, strict=True):
        np.testing.assert_allclose(a.samples, b.samples, atol=1e-6)


@pytest.mark.parametrize("seconds", [0.3, 1.99, 2.0, 2.4, 2.5, 7.77])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_the_segments_cover_a_file_to_its_last_sample(seconds: float, rate: int) -> None:
    found = segments(blocks(noise(seconds, rate), rate, [rate // 10]))
    assert found[0].position == 0.0
    end = max(s.position for s in found) + 2.0
    assert end == pytest.approx(max(2.0, seconds), abs=1 / RATE)
    assert len({s.position for s in found}) == len(found)


def test_a_file_shorter_than_a_window_is_filled_up_with_silence() -> None:
    (only,) = segments(blocks(noise(0.5, RATE), RATE, [RATE]))
    assert len(only.samples) == WINDOW
    assert np.any(only.samples[:4000])
    assert not np.any(only.samples[4000:])


@pytest.mark.parametrize("rate", [8000, 44100])
def test_no_segment_spans_a_gap_and_positions_go_on_after_it(rate: int) -> None:
    before, after = noise(3.0, rate), noise(3.0, rate)
    lost = 5 * rate
    cutter = Cutter(WINDOW, HOP, RATE)
    found = list(cutter.cut(Block(before, rate, 0, 0, 3.0)))
    found += cutter.cut(Block(after, rate, len(before) + lost, lost, 11.0))
    found += cutter.finish()
    starts = [s.position for s in found]
    assert starts == pytest.approx([0.0, 0.5, 1.0, 8.0, 8.5, 9.0], abs=2 / RATE)
    np.testing.assert_allclose(found[3].samples[:16000], found[0].samples[:16000], atol=0.02)


def test_a_card_that_comes_back_at_another_rate_goes_on_in_the_same_stream() -> None:
    cutter = Cutter(WINDOW, HOP, RATE)
    found = list(cutter.cut(Block(noise(3.0, 48000), 48000, 0, 0, 3.0)))
    second = noise(3.0, 44100)
    found += cutter.cut(Block(second, 44100, 10 * 44100, 7 * 44100, 13.0))
    found += cutter.finish()
    assert [round(s.position, 2) for s in found] == [0.0, 0.5, 1.0, 10.0, 10.5, 11.0]


def test_the_length_of_a_stream_counts_what_was_lost() -> None:
    cutter = Cutter(WINDOW, HOP, RATE)
    assert cutter.seconds == 0.0
    cutter.cut(Block(noise(1.5, 44100), 44100, 0, 0, 1.5))
    assert cutter.seconds == 1.5
    cutter.cut(Block(noise(1.5, 48000), 48000, 48000 * 3, 48000 + 24000, 4.5))
    assert cutter.seconds == 4.5


def test_an_empty_stream_has_no_segments() -> None:
    assert segments([]) == []


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
@pytest.mark.parametrize("lost", [1, 441, 100_000])
def test_what_lies_before_a_gap_is_not_blended_with_what_lies_after_it(rate: int, lost: int) -> None:
    low, high = (np.sin(2 * np.pi * f * np.arange(4 * rate) / rate).astype(np.float32) for f in (300, 2000))
    found = segments([Block(low, rate, 0, 0, 4.0), Block(high, rate, 4 * rate + lost, lost, 9.0)])
    before = [s for s in found if s.position < 4.0]
    after = [s for s in found if s.position >= 4.0]
    assert len(before) == len(after) == 5
    assert after[0].position == pytest.approx(4 + lost / rate, abs=1 / RATE)
    for heard, expected, other in [(before, 300, 2000), (after, 2000, 300)]:
        for segment in heard:
            spectrum = np.abs(np.fft.rfft(segment.samples * np.hanning(WINDOW)))
            assert np.argmax(spectrum) == expected * 2
            assert spectrum[other * 2] < spectrum.max() / 1000


def test_many_small_gaps_do_not_let_positions_drift() -> None:
    cutter = Cutter(WINDOW, HOP, RATE)
    position = 0
    for _ in range(1000):
        position += 3
        assert list(cutter.cut(Block(np.ones(445, dtype=np.float32), 44100, position, 3, 0.0))) == []
        position += 445
    first = next(cutter.cut(Block(np.ones(3 * 44100, dtype=np.float32), 44100, position + 3, 3, 0.0)))
    assert first.position == pytest.approx((position + 3) / 44100, abs=1 / RATE)


def test_a_stream_may_begin_late() -> None:
    assert segments([Block(noise(2.0, 44100), 44100, 5 * 44100, 5 * 44100, 7.0)])[0].position == 5.0


@pytest.mark.parametrize("rate", [8000, 44100])
def test_a_whole_sound_is_cut_as_its_blocks_and_its_end_are(rate: int) -> None:
    sound = blocks(noise(7.77, rate), rate, [rate // 10])
    whole = [segment for some in Cutter(WINDOW, HOP, RATE).whole(sound, at_once=3) for segment in some]
    assert [s.position for s in whole] == [s.position for s in segments(sound)]
    np.testing.assert_array_equal(whole[-1].samples, segments(sound)[-1].samples)
