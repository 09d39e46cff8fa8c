"""Pauses between tries."""

from hypothesis import given
from hypothesis import strategies as st

from device.sync.backoff import Backoff

chances = st.floats(0, 1, exclude_max=True)


@given(st.lists(chances, max_size=200))
def test_a_pause_is_never_longer_than_the_cap_nor_none_at_all(luck: list[float]) -> None:
    backoff = Backoff(first=1.0, longest=120.0, least=0.25)
    for number, chance in enumerate(luck):
        pause = backoff.failed(chance)
        assert 0.25 <= pause <= min(120.0, 2.0**number)


def test_boxes_that_failed_together_come_back_spread_over_the_pause() -> None:
    boxes = [Backoff() for _ in range(100)]
    for round_ in range(8):
        pauses = [box.failed(number / 100) for number, box in enumerate(boxes)]
        assert max(pauses) > 0.9 * min(120.0, 2.0**round_) * 0.99
    assert max(pauses) - min(pauses) > 100
    assert len(set(pauses)) > 90


def test_after_a_success_the_next_pause_is_short_again() -> None:
    backoff = Backoff()
    for _ in range(20):
        backoff.failed(0.99)
    backoff.succeeded()
    assert backoff.failed(0.99) < 1.0
