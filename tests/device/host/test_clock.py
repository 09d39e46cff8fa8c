"""Two clocks: one that can be wrong and jump, and one that cannot."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.host import clock
from device.host.clock import (
    SOFTWARE_CEILING,
    SOFTWARE_FLOOR,
    ClockState,
    Discipline,
    Instant,
    StreamClock,
    SystemClock,
    ask_kernel,
    believe,
    judge,
)

BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"
EVENING = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def instant(utc: datetime, monotonic: float, boot: str = BOOT) -> Instant:
    return Instant(utc, monotonic, boot, "unknown", None)


def test_the_time_of_an_earlier_moment_is_counted_back_on_the_clock_that_does_not_jump() -> None:
    now = instant(EVENING, 5_000.0)
    assert now.at(4_700.5) == EVENING - timedelta(seconds=299.5)
    assert now.at(5_000.0) == EVENING
    assert now.at(5_001.0) == EVENING + timedelta(seconds=1)


@given(step=st.integers(-(10**9), 10**9), passed=st.integers(0, 10**6))
def test_a_clock_that_was_set_shows_by_how_much(step: int, passed: int) -> None:
    before = instant(EVENING, 100.0)
    after = instant(EVENING + timedelta(milliseconds=step + passed * 1_000), 100.0 + passed)
    assert before.step_to(after) == timedelta(milliseconds=step)


def test_instants_of_two_runs_of_the_machine_are_not_compared() -> None:
    with pytest.raises(ValueError, match="two runs"):
        instant(EVENING, 100.0).step_to(instant(EVENING, 5.0, str(uuid.uuid4())))


def test_the_systems_clock_is_read_with_the_run_of_the_machine_it_belongs_to() -> None:
    before, begun = datetime.now(UTC), time.clock_gettime(time.CLOCK_BOOTTIME)
    now = SystemClock(LONG_AGO).now()
    assert before <= now.utc <= datetime.now(UTC)
    assert begun <= now.monotonic <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert now.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip() == str(uuid.UUID(now.boot))
    assert (now.state == "synchronised") or now.error_ms is None


def test_the_kernel_answers_within_its_own_bounds() -> None:
    answer = ask_kernel()
    assert answer is None or 0 <= answer.error_us <= 16_000_000  # NTP_PHASE_LIMIT, <linux/timex.h>


@pytest.mark.parametrize(
    ("kernel", "timesyncd", "state", "error_ms"),
    [
        (Discipline(unsynchronised=False, error_us=12_999), False, "synchronised", 12),
        (Discipline(unsynchronised=False, error_us=16_000), True, "synchronised", 5_416),
        (Discipline(unsynchronised=True, error_us=16_000_000), True, "unsynchronised", None),
        (None, True, "synchronised", None),
        (None, False, "unknown", None),
    ],
)
def test_the_best_witness_says_how_far_the_clock_is_trusted(
    kernel: Discipline | None, timesyncd: bool, state: str, error_ms: int | None
) -> None:
    assert judge(kernel, timesyncd) == (state, error_ms)


def read(utc: datetime, state: ClockState) -> Instant:
    return Instant(utc, 50.0, BOOT, state, 3 if state == "synchronised" else None)


@pytest.mark.parametrize("state", ["unsynchronised", "unknown"])
@pytest.mark.parametrize(
    "reads",
    [datetime(1970, 1, 1, tzinfo=UTC), EVENING - timedelta(seconds=1), datetime(2165, 1, 1, tzinfo=UTC)],
)
def test_the_floor_takes_the_place_of_a_time_that_cannot_be(reads: datetime, state: ClockState) -> None:
    assert believe(read(reads, state), EVENING) == Instant(EVENING, 50.0, BOOT, "unsynchronised", None)


def test_a_clock_that_reads_what_can_be_is_taken_as_it_is() -> None:
    for state in ("synchronised", "unsynchronised", "unknown"):
        assert believe(read(EVENING, state), EVENING - timedelta(days=30)).utc == EVENING


def test_the_network_puts_right_a_log_that_was_written_years_ahead() -> None:
    ahead = EVENING + timedelta(days=3_000)  # the last event, by a clock that nobody had set
    assert believe(read(EVENING, "synchronised"), ahead) == read(EVENING, "synchronised")


def test_not_even_the_network_is_believed_that_it_is_earlier_than_the_software() -> None:
    before = SOFTWARE_FLOOR - timedelta(days=1)
    assert believe(read(before, "synchronised"), EVENING).state == "unsynchronised"


def test_a_log_from_beyond_the_ceiling_does_not_raise_the_floor() -> None:
    assert SystemClock(datetime(2190, 1, 1, tzinfo=UTC)).now().utc < SOFTWARE_CEILING


def test_time_goes_on_from_the_floor_where_the_clock_reads_less(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_vouches = Discipline(unsynchronised=True, error_us=16_000_000)
    monkeypatch.setattr("device.host.clock.ask_kernel", lambda: nobody_vouches)
    floor = datetime.now(UTC) + timedelta(days=3_000)  # a clock that starts in the past, from the other side
    clock = SystemClock(floor)
    first = clock.now()
    time.sleep(0.02)
    second = clock.now()
    assert floor <= first.utc < floor + timedelta(seconds=5)
    assert (first.state, first.error_ms) == ("unsynchronised", None)
    assert abs(first.step_to(second)) < timedelta(milliseconds=1)
    assert second.monotonic - first.monotonic >= 0.02


def test_a_clock_beyond_the_floor_is_taken_as_it_is() -> None:
    assert SystemClock(datetime.now(UTC)).now().utc - datetime.now(UTC) < timedelta(seconds=1)


def test_a_streams_clock_stands_where_the_stream_stands() -> None:
    clock = StreamClock(EVENING, BOOT, "synchronised", 20)
    assert clock.now() == Instant(EVENING, 0.0, BOOT, "synchronised", 20)
    clock.move_to(90.25)
    clock.move_to(90.25)
    assert clock.now() == Instant(EVENING + timedelta(seconds=90.25), 90.25, BOOT, "synchronised", 20)
    assert clock.now().at(30.0) == EVENING + timedelta(seconds=30)


def test_a_stream_does_not_run_back() -> None:
    clock = StreamClock(EVENING, BOOT)
    clock.move_to(10.0)
    with pytest.raises(ValueError, match="does not go back"):
        clock.move_to(9.5)
    assert clock.now().monotonic == 10.0


def test_a_clock_can_be_read_where_a_sandbox_hides_which_run_of_the_machine_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clock, "_BOOT_ID", tmp_path / "hidden")
    now = SystemClock(SOFTWARE_FLOOR).now()
    assert now.boot == clock.HIDDEN_BOOT
    assert now.utc >= SOFTWARE_FLOOR
