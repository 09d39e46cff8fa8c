"""What becomes of the clock, put on record: stepped, not set, and what earlier events are off by once it is known.

Rules:
1. A signed event is never rewritten. Its wrong time is mended by a later event that says by how much it is off.
2. Only events of the same run of the machine are mended: their monotonic seconds can be compared with the clock that is
   right now. What an earlier run wrote with an unknown clock stays as it is, between the events around it.
3. Events that were written while the clock was synchronised are believed, and never corrected.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from device.errors import Refused
from device.host.clock import Clock, Instant
from device.record.event import Event
from device.record.log_reader import LogReader
from device.record.reports import CorrectedEvents, CorrectionReport, IncidentReport, Report

# Smaller ones are within what the network's time is right to; chrony and systemd-timesyncd slew them anyway.
SMALLEST_STEP = timedelta(seconds=0.25)

# A clock without a battery is set within a minute or two where the network lets NTP through.
SET_WITHIN = 600.0  # seconds

# Crystals of such boards are off by up to 100 parts in a million: what a correction itself may be off by.
DRIFT = 100e-6

# Events whose times are off by amounts this near each other are corrected together.
TOGETHER = timedelta(seconds=0.5)

_LOOK_EVERY = 1.0  # seconds
_PAGE = 500  # events read at once
_WRITTEN_MEANWHILE = 100  # events at most between two looks


class ClockWatch:
    """Looks at the clock now and then, and reports what became of it."""

    def __init__(self, clock: Clock, log: LogReader, append: Callable[[Report, Instant], object]) -> None:
        """Begin to watch.

        Args:
            clock: The box's clock.
            log: Where events of this run may stand that were written before the clock was known.
            append: Writes a report into that log.
        """
        self._clock, self._log, self._append = clock, log, append
        self._anchor = self._last = clock.now()
        self._looked = False
        self._unset_since: float | None = None
        self._unset_said = False
        self._corrected = False  # since the clock was last synchronised
        self._after = 0  # events up to this number need no correction

    def look(self) -> None:
        """Look at the clock; called as often as one likes, it looks once a second.

        Raises:
            Waiting: The disk is full.
            Broken: The log fails.
        """
        now = self._clock.now()
        if self._looked and now.monotonic - self._last.monotonic < _LOOK_EVERY:
            return
        self._looked = True
        step = self._anchor.step_to(now)
        if abs(step) >= SMALLEST_STEP:
            self._append(stepped(self._anchor, self._last, now), now)
            self._anchor = now
        self._last = now
        if now.state == "synchronised":
            self._unset_since, self._unset_said = None, False
            if not self._corrected:
                for correction in list(corrections(self._log, now, self._after)):
                    self._append(correction, now)
                self._corrected = True
        elif now.state == "unsynchronised":
            if self._corrected:
                head = self._log.head()
                self._after, self._corrected = max(0, (head.seq if head else 0) - _WRITTEN_MEANWHILE), False
            self._unset(now)

    def _unset(self, now: Instant) -> None:
        if self._unset_since is None:
            self._unset_since = now.monotonic
        if not self._unset_said and now.monotonic - self._unset_since >= SET_WITHIN:
            self._unset_said = True
            text = f"Nothing has set the clock for {SET_WITHIN / 60:.0f} minutes; times are uncertain until it is."
            self._append(IncidentReport("clock-unset", text), now)


def stepped(anchor: Instant, before: Instant, now: Instant) -> IncidentReport:
    """Report that the time of day was set, by how much, and between which seconds.

    Args:
        anchor: When the clock last showed what it showed.
        before: The last look at which it did.
        now: The first at which it did not.
    """
    step = anchor.step_to(now)
    way = "forward" if step > timedelta(0) else "back"
    return IncidentReport(
        "clock-stepped",
        f"The clock was set {way} by {_in_words(abs(step))}.",
        {
            "step_ms": _ms(step),
            "before": before.state,
            "after": now.state,
            "from_monotonic": round(before.monotonic, 3),
            "to_monotonic": round(now.monotonic, 3),
        },
    )


@dataclass(frozen=True)
class _Off:
    """One event, and by how much its time is off."""

    seq: int
    by: timedelta
    age: float  # seconds since it was written, on the clock that does not jump


def corrections(log: LogReader, now: Instant, after: int = 0) -> Iterator[CorrectionReport]:
    """Say by how much events of this run of the machine are off that were written before the clock was known.

    Those that an earlier correction names are left out. Events next to each other that are off by the same are
    corrected together, the oldest first: a power cut between two corrections leaves the younger to be made yet.

    Args:
        log: The log.
        now: A moment at which the clock is synchronised.
        after: Number of an event up to which none needs a correction, if that is known.
    """
    together: list[_Off] = []
    for off in _off(log, now, after):
        spread = [*(each.by for each in together), off.by]
        if together and (off.seq != together[-1].seq + 1 or max(spread) - min(spread) > TOGETHER):
            yield _correction(together)
            together = []
        together.append(off)
    if together:
        yield _correction(together)


def _correction(together: list[_Off]) -> CorrectionReport:
    by = (min(off.by for off in together) + max(off.by for off in together)) / 2
    within = max(off.age for off in together) * DRIFT + TOGETHER.total_seconds() / 2
    return CorrectionReport(
        corrects=CorrectedEvents(from_=together[0].seq, to=together[-1].seq),
        offset_ms=_ms(by),
        reason=f"Written before the clock was set; the offset is right to within {within:.1f} s.",
    )


def _off(log: LogReader, now: Instant, after: int) -> Iterator[_Off]:
    """Give the uncorrected events of this run that were written with an unknown clock, oldest first."""
    found = []
    for event in _of_this_run(log, now.boot, max(after, _corrected_through(log, now.boot))):
        if event.stamp.clock.state != "synchronised":
            right = now.at(event.stamp.monotonic)
            found.append(_Off(event.seq, right - event.time, now.monotonic - event.stamp.monotonic))
    yield from reversed(found)


def _corrected_through(log: LogReader, boot: str) -> int:
    """Give the last event that a correction of this run names, 0 if there is none."""
    for stored in log.latest(CorrectionReport, 1):
        event = stored.event
        if event.stamp.boot == boot and isinstance(event.report, CorrectionReport):
            return event.report.corrects.to
    return 0


def _of_this_run(log: LogReader, boot: str, after: int) -> Iterator[Event]:
    """Give the events of this run that come after a number, newest first; a damaged one is passed over."""
    head = log.head()
    upper = head.seq if head else 0
    after = max(after, log.anchor().seq)
    while upper > after:
        lower = max(after, upper - _PAGE)
        for stored in reversed(log.events(lower, upper - lower)):
            try:
                event = stored.event
            except Refused:
                continue
            if event.stamp.boot != boot:
                return
            yield event
        upper = lower


def _in_words(step: timedelta) -> str:
    seconds = step.total_seconds()
    if seconds < 120:
        return f"{seconds:.1f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    if seconds < 172_800:
        return f"{seconds / 3600:.0f} hours"
    return f"{seconds / 86_400:,.0f} days"


def _ms(step: timedelta) -> int:
    return round(step / timedelta(milliseconds=1))
