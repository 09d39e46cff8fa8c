"""A month as the house's calendar: what could be heard on each day, and how much was."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from device.page import stretch
from device.page.history import Entry, History
from device.page.picture import Bar, Column, bars, columns, thinned
from device.page.skim import Play


@dataclass(frozen=True)
class Day:
    """A day of the calendar."""

    date: date
    plays: int  # identified
    unsure: int
    heard: float  # seconds in which music would have been heard
    unheard: float  # seconds in which it would not
    muted: float  # seconds
    columns: list[Column]  # an hour each
    bars: list[Bar]

    @property
    def moment(self) -> datetime:
        """Its first moment, UTC."""
        return stretch.day(self.date).start


@dataclass(frozen=True)
class Month:
    """A month of the calendar."""

    first: date
    days: list[Day]
    works: list[tuple[Play, int]]  # what was identified most often, one of its plays, and how often

    @property
    def weeks(self) -> list[list[Day | None]]:
        """Give the days in weeks that begin on Monday; None where another month has the day."""
        cells: list[Day | None] = [None] * self.first.weekday()
        cells += self.days
        cells += [None] * (-len(cells) % 7)
        return [cells[at : at + 7] for at in range(0, len(cells), 7)]

    @property
    def plays(self) -> int:
        """Plays identified."""
        return sum(day.plays for day in self.days)

    @property
    def unsure(self) -> int:
        """Plays that wait for a person."""
        return sum(day.unsure for day in self.days)

    @property
    def heard(self) -> float:
        """Seconds in which music would have been heard."""
        return sum(day.heard for day in self.days)

    @property
    def unheard(self) -> float:
        """Seconds in which it would not, though nobody had muted the box."""
        return sum(day.unheard for day in self.days)

    @property
    def muted(self) -> float:
        """Seconds."""
        return sum(day.muted for day in self.days)


_PLACES = 144  # ten minutes each: a day is some hundred pixels wide in a calendar
_MOST_WORKS = 10  # told by name; the programme-report has all


def read(history: History, of: date) -> Month:
    """Read the month that a day lies in."""
    whole = stretch.month(of)
    plays, coverage = history.plays(whole), history.coverage(whole)
    first = stretch.local_date(whole.start)
    count = round(whole.seconds / 86_400)
    hours = columns(coverage, whole, 24 * count)
    by_day: dict[date, list[Entry[Play]]] = {}
    for entry in plays:
        by_day.setdefault(stretch.local_date(entry.told.start), []).append(entry)
    days = [
        _day(at, by_day.get(at, []), hours[24 * number : 24 * (number + 1)])
        for number, at in enumerate(first + timedelta(days=number) for number in range(count))
    ]
    counted = Counter(entry.told.recording.id for entry in plays if entry.told.sure)
    one_of = {entry.told.recording.id: entry.told for entry in plays}
    works = [(one_of[name], count) for name, count in counted.most_common(_MOST_WORKS)]
    return Month(first, days, works)


def _day(of: date, here: list[Entry[Play]], hours: list[Column]) -> Day:
    return Day(
        date=of,
        plays=sum(entry.told.sure for entry in here),
        unsure=sum(not entry.told.sure for entry in here),
        heard=3600 * sum(column.heard + column.silent for column in hours),
        unheard=3600 * sum(column.unheard for column in hours),
        muted=3600 * sum(column.muted for column in hours),
        columns=[replace(column, left=number / 24, width=1 / 24) for number, column in enumerate(hours)],
        bars=thinned(bars(here, stretch.day(of)), _PLACES),
    )
