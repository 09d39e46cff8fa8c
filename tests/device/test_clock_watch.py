"""A clock that starts in the past, is set, jumps, is lost again: what the log says of it afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.clock_watch import ClockWatch, corrections
from device.host.clock import ClockState, Instant
from device.record.event import Event
from device.record.log import EventLog
from device.record.reports import CorrectionReport, IncidentReport
from device.record.signing_key import SigningKey
from tests.simulated.reports import INCIDENT

BOOT, NEXT_BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2", "8d7f2f0e-3b86-4d0f-9a10-6a4f1d0f7d10"
EVENING = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
FLOOR = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class HandedIn:
    """A clock that shows what it is told to show."""

    utc: datetime = EVENING
    state: ClockState = "synchronised"
    monotonic: float = 10.0
    boot: str = BOOT

    def now(self) -> Instant:
        return Instant(self.utc, self.monotonic, self.boot, self.state, None)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.utc += timedelta(seconds=seconds)
        self.monotonic += seconds

    def set(self, utc: datetime, state: ClockState = "synchronised") -> None:
        self.utc, self.state = utc, state


@dataclass
class Box:
    """A box with a log, a clock that is handed in, and a watch over it."""

    log: EventLog
    clock: HandedIn
    watch: ClockWatch = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Let the service start (again)."""
        self.watch = ClockWatch(self.clock, self.log, self.log.append)

    def write(self, events: int = 1, every: float = 60.0) -> None:
        """Write events, some time apart, looking at the clock as blocks come."""
        for _ in range(events):
            self.watch.look()
            self.log.append(INCIDENT, self.clock.now())
            self.pass_(every)

    def pass_(self, seconds: float, looks: int = 5) -> None:
        """Let time pass with a look now and then."""
        for _ in range(looks):
            self.clock.run(seconds / looks)
            self.watch.look()

    @property
    def events(self) -> list[Event]:
        return [stored.event for stored in self.log.events(0, 10_000)]

    @property
    def codes(self) -> list[str]:
        """What the watch said, without the events that were written for it to mend."""
        reports = [event.report for event in self.events]
        return [r.code for r in reports if isinstance(r, IncidentReport) and r.code.startswith("clock-")]

    @property
    def corrections(self) -> list[tuple[int, int, int]]:
        reports = [event.report for event in self.events]
        return [
            (r.corrects.from_, r.corrects.to, r.offset_ms) for r in reports if isinstance(r, CorrectionReport)
        ]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with EventLog.open(tmp_path / "log.sqlite", "abai-1", SigningKey.create("abai-1")) as log:
        yield Box(log, HandedIn())


def test_a_clock_that_runs_as_it_should_is_not_worth_a_word(box: Box) -> None:
    box.write(20)
    box.pass_(100_000, looks=300)
    assert (box.codes, box.corrections) == ([], [])


def test_what_was_written_before_the_clock_was_set_is_corrected_by_what_it_was_off(box: Box) -> None:
    box.clock.set(FLOOR, "unsynchronised")
    box.start()
    box.write(3)
    true = box.clock.utc + timedelta(days=22, hours=3)
    signed = [stored.jws for stored in box.log.events(0, 3)]
    box.clock.set(true)
    box.pass_(2)
    assert box.codes == ["clock-stepped"]
    stepped = box.events[3].report
    assert isinstance(stepped, IncidentReport)
    assert stepped.text == "The clock was set forward by 22 days."
    off = round(timedelta(days=22, hours=3) / timedelta(milliseconds=1))
    assert stepped.detail["step_ms"] == off
    assert (stepped.detail["before"], stepped.detail["after"]) == ("unsynchronised", "synchronised")
    assert box.corrections == [(1, 3, off)]
    assert [stored.jws for stored in box.log.events(0, 3)] == signed  # never rewritten
    box.write(5)
    assert box.corrections == [(1, 3, off)]


def test_a_corrected_time_is_when_it_truly_happened(box: Box) -> None:
    true_start = EVENING
    box.clock.set(datetime(2031, 5, 5, tzinfo=UTC), "unsynchronised")  # years ahead
    box.start()
    box.write(4, every=900.0)
    box.clock.set(true_start + timedelta(seconds=4 * 900.0))
    box.pass_(2)
    ((first, last, offset),) = box.corrections
    assert (first, last) == (1, 5)  # with the word that nobody sets the clock
    written = [event for event in box.events if event.report == INCIDENT]
    for number, event in enumerate(written):
        truly = true_start + timedelta(seconds=900.0 * number)
        assert abs(event.time + timedelta(milliseconds=offset) - truly) < timedelta(milliseconds=5)


def test_a_clock_that_was_right_by_luck_is_corrected_by_nothing(box: Box) -> None:
    box.clock.state = "unsynchronised"  # a clock with a battery, before the network has vouched for it
    box.start()
    box.write(2)
    box.clock.state = "synchronised"
    box.pass_(2)
    assert (box.codes, box.corrections) == ([], [(1, 2, 0)])


def test_somebody_who_sets_the_clock_by_hand_meanwhile_makes_two_corrections(box: Box) -> None:
    box.clock.set(FLOOR, "unsynchronised")
    box.start()
    box.write(2)
    box.clock.set(box.clock.utc + HOUR, "unsynchronised")
    box.write(2)
    box.clock.set(box.clock.utc + 2 * HOUR)
    box.pass_(2)
    hour = 3_600_000
    assert box.codes == ["clock-stepped", "clock-stepped"]
    assert [event.seq for event in box.events if isinstance(event.report, IncidentReport)] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert box.corrections == [(1, 2, 3 * hour), (3, 5, 2 * hour)]


def test_a_service_that_starts_anew_corrects_what_the_one_before_wrote(box: Box) -> None:
    box.clock.set(FLOOR, "unsynchronised")
    box.start()
    box.write(2)
    box.clock.set(box.clock.utc + 24 * HOUR)
    box.start()  # it had crashed; nobody saw the step
    box.pass_(2)
    assert box.corrections == [(1, 2, 24 * 3_600_000)]
    box.start()
    box.pass_(2)
    assert len(box.corrections) == 1


def test_a_power_cut_between_two_corrections_leaves_the_younger_to_be_made(box: Box) -> None:
    box.clock.set(FLOOR, "unsynchronised")
    box.start()
    box.write(2)
    box.clock.set(box.clock.utc + HOUR, "unsynchronised")
    box.write(2)
    box.clock.set(box.clock.utc + HOUR)
    older, younger = corrections(box.log, box.clock.now())
    box.log.append(older, box.clock.now())
    assert list(corrections(box.log, box.clock.now())) == [younger]


def test_another_run_of_the_machine_is_not_corrected(box: Box) -> None:
    box.clock.set(FLOOR, "unsynchronised")
    box.start()
    box.write(2)
    box.clock = HandedIn(FLOOR + HOUR, "unsynchronised", 5.0, NEXT_BOOT)
    box.start()
    box.write(1)
    box.clock.set(EVENING)
    box.pass_(2)
    ((first, last, _),) = box.corrections
    assert (first, last) == (3, 3)


def test_a_clock_that_loses_the_network_for_days_is_corrected_when_it_is_back(box: Box) -> None:
    box.write(5)
    box.clock.state = "unsynchronised"  # the kernel says so when nobody has vouched for hours
    box.write(3, every=300.0)
    box.clock.set(box.clock.utc + timedelta(seconds=2))
    box.pass_(2)
    assert box.codes == ["clock-unset", "clock-stepped"]
    assert box.corrections == [(6, 9, 2000)]


def test_a_clock_that_nobody_sets_is_told_once(box: Box) -> None:
    box.clock.set(FLOOR, "unsynchronised")
    box.start()
    box.pass_(599)
    assert box.codes == []
    box.pass_(100_000, looks=50)
    assert box.codes == ["clock-unset"]


def test_small_steps_add_up(box: Box) -> None:
    for _ in range(4):
        box.clock.set(box.clock.utc + timedelta(seconds=0.1))
        box.pass_(5)
    assert box.codes == ["clock-stepped"]
    incident = box.events[0].report
    assert isinstance(incident, IncidentReport)
    assert incident.text == "The clock was set forward by 0.3 seconds."


def test_a_clock_may_be_set_back(box: Box) -> None:
    box.clock.set(box.clock.utc - HOUR)
    box.pass_(2)
    incident = box.events[0].report
    assert isinstance(incident, IncidentReport)
    assert incident.text == "The clock was set back by 60 minutes."
    assert incident.detail["step_ms"] == -3_600_000
    assert incident.detail["from_monotonic"] < incident.detail["to_monotonic"]


def test_hundreds_of_events_are_corrected_in_one(box: Box) -> None:
    box.clock.set(FLOOR, "unsynchronised")
    box.start()
    for _ in range(510):  # more than are read at once
        box.log.append(INCIDENT, box.clock.now())
        box.clock.run(7)
    box.clock.set(box.clock.utc + HOUR)
    (correction,) = corrections(box.log, box.clock.now())
    assert (correction.corrects.from_, correction.corrects.to) == (1, 510)
    assert correction.reason.endswith("right to within 0.6 s.")


@settings(max_examples=12)
@given(steps=st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(1, 3)), min_size=1, max_size=4))
def test_however_the_clock_wanders_every_event_ends_up_at_its_true_time(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("box") / "log.sqlite"
    with EventLog.open(path, "abai-1", SigningKey.create("abai-1")) as log:
        box = Box(log, HandedIn(FLOOR, "unsynchronised"))
        for seconds, events in steps:
            box.write(events)
            box.clock.set(box.clock.utc + timedelta(seconds=seconds), "unsynchronised")
        box.clock.set(EVENING)
        box.pass_(2)
        truth = box.clock.now()
        by = {seq: off for first, last, off in box.corrections for seq in range(first, last + 1)}
        for event in box.events:
            if event.stamp.clock.state == "unsynchronised":
                mended = event.time + timedelta(milliseconds=by[event.seq])
                assert abs(mended - truth.at(event.stamp.monotonic)) <= timedelta(seconds=0.26)
            else:
                assert event.seq not in by
