"""Stretches of time as people in a house count them, by the clock on its wall."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from device.page.language import ZONE

# A show that runs past midnight belongs to the evening on which it began.
EVENING_BEGINS = time(6)


@dataclass(frozen=True)
class Stretch:
    """From one time up to another."""

    start: datetime  # UTC
    end: datetime  # UTC, not included

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start).total_seconds()

    def holds(self, moment: datetime) -> bool:
        """Say whether a moment lies in it."""
        return self.start <= moment < self.end

    def part(self, moment: datetime) -> float:
        """Give how much of it has passed at a moment, from 0 to 1."""
        return min(1.0, max(0.0, (moment - self.start).total_seconds() / self.seconds))

    def hours(self) -> Iterator[datetime]:
        """Give the full hours in it."""
        hour = self.start
        while hour < self.end:
            yield hour
            hour += timedelta(hours=1)


def day(of: date) -> Stretch:
    """Give a day of the calendar."""
    start = datetime.combine(of, time(), ZONE).astimezone(UTC)
    return Stretch(start, start + timedelta(days=1))


def evening(now: datetime) -> Stretch:
    """Give the evening that a moment belongs to: from 6 in the morning to 6 in the next."""
    local = now.astimezone(ZONE)
    begun = local.date() if local.time() >= EVENING_BEGINS else local.date() - timedelta(days=1)
    start = datetime.combine(begun, EVENING_BEGINS, ZONE).astimezone(UTC)
    return Stretch(start, start + timedelta(days=1))


def month(of: date) -> Stretch:
    """Give the month of the calendar that a day lies in."""
    first = of.replace(day=1)
    return Stretch(day(first).start, day(next_month(first)).start)


def next_month(of: date) -> date:
    """Give the first day of the month after."""
    return (of.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(of: date) -> date:
    """Give the first day of the month before."""
    return (of.replace(day=1) - timedelta(days=1)).replace(day=1)


def local_date(moment: datetime) -> date:
    """Give the date on the house's calendar."""
    return moment.astimezone(ZONE).date()
