"""A trouble that comes and goes, told so that a loose plug does not fill the log.

Its begin is told at once. Its end is told at once too, if none was told in the last hour; after that the trouble must
stay away ten seconds before its end is believed, then twenty, forty and so on, to a quarter of an hour. What happens
meanwhile belongs to the same spell, is counted, and is told with its end. So a plug that flaps for an hour makes a
score of events, whatever its pace, and no second of it is missing from the account.
"""

from collections import deque
from dataclasses import dataclass

SETTLES = 10.0  # seconds, doubled for each further end told within `REMEMBERED`
SETTLES_AT_MOST = 900.0  # seconds
REMEMBERED = 3600.0  # seconds


@dataclass(frozen=True)
class Begun:
    """The trouble is there."""

    at: float  # monotonic seconds


@dataclass(frozen=True)
class Ended:
    """The trouble has gone, for all that can be seen."""

    at: float  # monotonic seconds at which it went the last time
    seconds: float  # for which it was there, the pauses left out
    times: int  # that it came


class Spell:
    """Follows one trouble."""

    def __init__(self, since: float) -> None:
        """Begin without it.

        Args:
            since: Monotonic seconds.
        """
        self._until = since  # what was noted so far ends here
        self._there = False  # the trouble, now
        self._told = False  # its begin was told, its end was not
        self._seconds, self._times = 0.0, 0
        self._went = since  # when it went the last time
        self._ends: deque[float] = deque()  # when ends were told

    @property
    def under_way(self) -> bool:
        """Whether a begin was told whose end was not."""
        return self._told

    def note(self, there: bool, begins: float, ends: float) -> Begun | Ended | None:
        """Note a stretch of time in which the trouble was there, or was not; give what is worth telling.

        Args:
            there: Whether it was.
            begins: Monotonic seconds. What lies between this and the stretch before belongs to the trouble if it
                was there on either side.
            ends: Monotonic seconds.
        """
        gap_from = self._until
        self._until = max(ends, gap_from)
        if there or self._there:
            self._seconds += max(0.0, (ends if there else begins) - gap_from)
        came, went = there and not self._there, self._there and not there
        self._there = there
        if went:
            self._went = max(begins, gap_from)
        if came:
            self._times += 1
            if not self._told:
                self._told = True
                return Begun(gap_from)
        if self._told and not there and ends - self._went >= self._settles(ends):
            ended = Ended(self._went, self._seconds, self._times)
            self._told, self._seconds, self._times = False, 0.0, 0
            self._ends.append(ends)
            return ended
        return None

    def _settles(self, now: float) -> float:
        """Give the seconds after which an end is believed."""
        while self._ends and self._ends[0] < now - REMEMBERED:
            self._ends.popleft()
        return min(SETTLES * 2.0 ** (len(self._ends) - 1), SETTLES_AT_MOST) if self._ends else 0.0
