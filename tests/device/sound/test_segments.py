"""Segments come out the same however the stream is cut, and none spans a gap."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.sound.segments import QUIETEST, Segment, Segments

WINDOW, HOP = 40, 10
RATE = 8000

# What a stream brings: (samples, samples lost before them).
arrivals = st.lists(st.tuples(st.integers(0, 120), st.sampled_from([0, 0, 0, 1, 7, 500])), max_size=25)


def numbered(first: int, count: int) -> np.ndarray:
    """Samples that say at which position of the stream they stand."""
    return np.arange(first, first + count, dtype=np.float32)


@settings(deadline=None)
@given(total=st.integers(0, 600), cuts=st.lists(st.integers(0, 600), max_size=20))
def test_any_cutting_of_the_stream_gives_the_same_segments(total: int, cuts: list[int]) -> None:
    stream = numbered(0, total)
    whole = list(Segments(WINDOW, HOP, RATE).cut(stream))
    segments = Segments(WINDOW, HOP, RATE)
    pieces = np.split(stream, sorted(min(cut, total) for cut in cuts))
    cut = [segment for piece in pieces for segment in segments.cut(piece)]
    assert [s.position for s in cut] == [s.position for s in whole]
    assert len(whole) == max(0, (total - WINDOW) // HOP + 1)
    for one, other in zip(cut, whole, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


@settings(deadline=None)
@given(arrivals)
def test_no_segment_spans_a_gap_and_each_stands_where_it_sounded(arrivals: list[tuple[int, int]]) -> None:
    segments = Segments(WINDOW, HOP, RATE)
    at = 0
    for count, lost in arrivals:
        at += lost
        for segment in segments.cut(numbered(at, count), lost=lost):
            first = round(segment.position * RATE)
            np.testing.assert_array_equal(segment.samples, numbered(first, WINDOW))
        at += count


@settings(deadline=None)
@given(before=st.integers(0, 200), after=st.integers(WINDOW, 200), lost=st.integers(1, 10_000))
def test_after_a_gap_the_first_window_begins_with_the_first_sample(
    before: int, after: int, lost: int
) -> None:
    segments = Segments(WINDOW, HOP, RATE)
    list(segments.cut(numbered(0, before)))
    first = next(iter(segments.cut(numbered(before + lost, after), lost=lost)))
    assert first.position == (before + lost) / RATE


@settings(deadline=None)
@given(total=st.integers(1, 300), cuts=st.lists(st.integers(0, 300), max_size=10), hop=st.integers(1, WINDOW))
def test_a_sound_that_ends_is_covered_to_its_last_sample_once(total: int, cuts: list[int], hop: int) -> None:
    stream = numbered(1, total)
    segments = Segments(WINDOW, hop, RATE)
    pieces = np.split(stream, sorted(min(cut, total) for cut in cuts))
    found = [segment for piece in pieces for segment in segments.cut(piece)] + list(segments.finish())
    assert found[-1].position * RATE == pytest.approx(max(0, total - WINDOW))
    np.testing.assert_array_equal(np.trim_zeros(found[-1].samples, "b"), stream[-WINDOW:])
    positions = [segment.position * RATE for segment in found]
    assert positions[0] == 0
    assert all(0 < step <= hop + 1e-6 for step in np.diff(positions))
    assert list(segments.finish()) == []


def test_segments_are_taken_at_once_even_if_looked_at_later() -> None:
    segments = Segments(WINDOW, HOP, RATE)
    early = segments.cut(numbered(0, WINDOW))
    late = segments.cut(numbered(WINDOW, HOP))
    assert [s.position for s in late] == [HOP / RATE]
    assert [s.position for s in early] == [0.0]


def test_a_segment_is_not_changed_by_what_comes_after_it_or_by_its_receiver() -> None:
    segments = Segments(WINDOW, HOP, RATE)
    source = numbered(0, WINDOW)
    (segment,) = segments.cut(source)
    source[:] = -1
    list(segments.cut(np.full(WINDOW, -2, dtype=np.float32)))
    np.testing.assert_array_equal(segment.samples, numbered(0, WINDOW))
    with pytest.raises(ValueError, match="read-only"):
        segment.samples[0] = 1


def test_an_hour_given_at_once_is_not_kept() -> None:
    tracemalloc.start()
    try:
        segments = Segments(16000, 4000, RATE)
        segments.cut(np.zeros(3600 * RATE, dtype=np.float32))
        kept, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


@pytest.mark.parametrize(
    ("samples", "level"),
    [
        (np.ones(8000), 0.0),
        (np.sin(2 * np.pi * 440 * np.arange(8000) / RATE), -3.01),
        (0.001 * np.sin(2 * np.pi * 440 * np.arange(8000) / RATE), -63.01),
        (np.zeros(8000), QUIETEST),
        (np.full(8000, 1e-20), QUIETEST),
    ],
)
def test_a_level_is_the_rms_against_full_scale(samples: np.ndarray, level: float) -> None:
    assert Segment(samples.astype(np.float32), 0.0).level == pytest.approx(level, abs=0.01)


@pytest.mark.parametrize("hop", [0, -1, WINDOW + 1])
def test_a_hop_that_would_stand_still_or_leave_sound_out_is_refused(hop: int) -> None:
    with pytest.raises(ValueError, match="hop"):
        Segments(WINDOW, hop, RATE)


def test_a_gap_of_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match="gap"):
        Segments(WINDOW, HOP, RATE).cut(numbered(0, 1), lost=-1)
