"""The picture of a stretch of time: what could be heard, and what was; drawn as SVG by the templates.

All positions are parts of the whole, from 0 to 1, so that one picture fits a telephone and a wall.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from device.page.history import Entry
from device.page.skim import Coverage, Play
from device.page.stretch import Stretch


@dataclass(frozen=True)
class Column:
    """How a piece of the time was spent. The parts add up to at most 1; what is missing was not told of."""

    left: float
    width: float
    heard: float  # sound arrived in which music would have been heard
    silent: float  # sound arrived, too quiet for anything to be in it
    unheard: float  # no microphone, a covered one, or lost sound
    muted: float

    @property
    def empty(self) -> bool:
        """Say whether nothing is told of it."""
        return self.heard + self.silent + self.unheard + self.muted < 0.005


@dataclass(frozen=True)
class Bar:
    """A play."""

    left: float
    width: float
    entry: Entry[Play]


def columns(coverage: Iterable[Entry[Coverage]], stretch: Stretch, count: int) -> list[Column]:
    """Draw what could be heard.

    Args:
        coverage: Periods, of any lengths; what they spent is taken to be spread evenly over them.
        stretch: What the picture shows.
        count: Columns in it.
    """
    step = stretch.seconds / count
    spent = [[0.0, 0.0, 0.0, 0.0] for _ in range(count)]
    for period in (entry.told for entry in coverage):
        length = (period.end - period.start).total_seconds()
        begin = (period.start - stretch.start).total_seconds()
        if length <= 0:
            continue
        seconds = period.seconds
        silent = min(seconds.silent, seconds.heard)
        shares = (seconds.heard - silent, silent, seconds.unheard, seconds.muted)
        for number in range(max(0, int(begin // step)), min(count, int((begin + length) // step) + 1)):
            overlap = min(begin + length, (number + 1) * step) - max(begin, number * step)
            for kind, share in enumerate(shares):
                spent[number][kind] += share * max(0.0, overlap) / length
    return [
        Column(number / count, 1 / count, *(min(1.0, seconds / step) for seconds in each))
        for number, each in enumerate(spent)
    ]


def bars(plays: Iterable[Entry[Play]], stretch: Stretch) -> list[Bar]:
    """Draw what was heard."""
    drawn = []
    for entry in plays:
        left, right = stretch.part(entry.told.start), stretch.part(entry.told.end)
        drawn.append(Bar(left, max(0.0, right - left), entry))
    return drawn


def thinned(drawn: Iterable[Bar], places: int) -> list[Bar]:
    """Leave out bars that a small picture could not show apart.

    Args:
        drawn: Bars, from left to right.
        places: Of the bars that begin in one of so many equal parts of the width, the first of each certainty stays.
    """
    seen: dict[tuple[int, bool], Bar] = {}
    for bar in drawn:
        seen.setdefault((int(bar.left * places), bar.entry.told.sure), bar)
    return list(seen.values())


def around(stretch: Stretch, moments: Iterable[datetime]) -> Stretch:
    """Narrow a day to the hours in which something was: a show fills the picture, not the empty morning.

    Args:
        stretch: The day.
        moments: When something was. Nothing, or a span of more than half the day: the day stays whole.
    """
    inside = [moment for moment in moments if stretch.start <= moment <= stretch.end]
    if not inside:
        return stretch
    hour = timedelta(hours=1)
    start = max(stretch.start, _full_hour(min(inside)))
    end = min(stretch.end, _full_hour(max(inside)) + hour)
    while end - start < 4 * hour and (start > stretch.start or end < stretch.end):
        start, end = max(stretch.start, start - hour), min(stretch.end, end + hour)
    return stretch if end - start > (stretch.end - stretch.start) / 2 else Stretch(start, end)


def _full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
