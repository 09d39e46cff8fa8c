"""Which events go out next: the decisions, without a network, a log or a clock.

Rules:
- Events go out in the order of their numbers, from the one after the receipt.
- The broker's acknowledgement (PUBACK) only paces: so many in flight. The platform's receipt alone marks delivery.
- At most `ahead` events go out beyond the receipt, so that no backlog floods the broker's queues.
- A receipt that does not come, or does not move, is answered by sending its next few events again.
- An event that the platform never receipts blocks nobody: after each silence those behind it go on, `ahead` at a time.
- A lower receipt (a platform restored from its backup) starts everything again from there.
"""

from dataclasses import dataclass, field

_SLOWEST = 3  # doublings of the patience


@dataclass
class Forwarder:
    """Decides what to send; numbers are events' `seq`, times are monotonic seconds handed in."""

    receipted: int = 0  # the platform has all up to here
    window: int = 64  # events in flight, not yet acknowledged by the broker
    ahead: int = 512  # events beyond the receipt
    patience: float = 10.0  # seconds of waiting for a receipt before events are sent again

    _next: int = field(init=False)  # first number not sent on this connection
    _again: range = field(init=False, default=range(0))  # sent before, to be sent again first
    _asked: int = field(init=False, default=0)  # where the events sent again end
    _in_flight: int = field(init=False, default=0)
    _waiting_since: float | None = field(
        init=False, default=None
    )  # first acknowledged event without a receipt
    _silences: int = field(init=False, default=0)  # times the patience ended since the receipt last moved
    _extra: int = field(init=False, default=0)  # events let past a receipt that stands still
    _unheard: bool = field(init=False, default=False)  # the broker has nobody to give events to

    def __post_init__(self) -> None:
        """Begin after the receipt."""
        self._next = self.receipted + 1

    @property
    def nobody_listens(self) -> bool:
        """Whether the broker said that no receiver takes events."""
        return self._unheard

    @property
    def silent(self) -> bool:
        """Whether the patience has ended since the receipt last moved."""
        return self._silences > 0

    @property
    def in_flight(self) -> int:
        """How many events the broker has not yet acknowledged."""
        return self._in_flight

    @property
    def unreceipted(self) -> int:
        """How many events went out on this connection and have no receipt."""
        return self._next - 1 - self.receipted

    def connected(self, window: int | None = None) -> None:
        """Begin again after the receipt: what was under way on the last connection is not known to have arrived.

        Args:
            window: What the broker takes in flight, if it said so.
        """
        if window is not None:
            self.window = window
        self._in_flight = 0
        self._start_over()

    def take(self, head: int, now: float) -> range:
        """Give the numbers to send now, in order, possibly none; they count as in flight from here on.

        Args:
            head: The log's last number.
            now: Monotonic seconds.
        """
        if self._waiting_since is not None and now - self._waiting_since >= self._pause():
            self._impatient(now)
        room = self.window - self._in_flight
        if room <= 0:
            return range(0)
        if self._again:
            taken = range(self._again.start, min(self._again.stop, self._again.start + room))
            self._again = range(taken.stop, self._again.stop)
        elif self._unheard:
            return range(0)
        else:
            horizon = min(head, self.receipted + self.ahead + self._extra)
            taken = range(self._next, min(horizon + 1, self._next + room))
            self._next = max(self._next, taken.stop)
        self._in_flight += len(taken)
        return taken

    def acknowledged(self, seq: int, now: float, heard: bool = True) -> None:
        """Note the broker's PUBACK.

        Args:
            seq: The event's number.
            now: Monotonic seconds.
            heard: Whether the broker had a receiver to give it to.
        """
        self._in_flight = max(0, self._in_flight - 1)
        self._unheard = not heard
        if seq > self.receipted and self._waiting_since is None:
            self._waiting_since = now

    def receipt(self, through: int, now: float) -> None:
        """Note a verified receipt.

        Args:
            through: The platform has all up to here.
            now: Monotonic seconds.
        """
        if through < self.receipted:
            self.receipted = through
            self._start_over()
            return
        self._silences = 0
        self._unheard = False  # a receipt comes from a receiver
        if through == self.receipted:
            return
        self.receipted = through
        self._extra = 0
        self._next = max(self._next, through + 1)
        if through + 1 == self._asked < self._next:
            # All that was sent again had been missing, so what comes after it most likely is as well.
            self._ask_again()
        else:
            self._again = range(max(self._again.start, through + 1), self._again.stop)
        self._waiting_since = now if self._next > through + 1 else None

    def _start_over(self) -> None:
        self._next = self.receipted + 1
        self._again = range(0)
        self._asked = 0
        self._waiting_since = None
        self._silences = 0
        self._extra = 0
        self._unheard = False

    def _pause(self) -> float:
        return float(self.patience * 2 ** min(self._silences, _SLOWEST))

    def _impatient(self, now: float) -> None:
        if not self._unheard and self._next > self.receipted + self.ahead + self._extra:
            self._extra += self.ahead
        self._ask_again()
        self._silences += 1
        self._waiting_since = now

    def _ask_again(self) -> None:
        first = self.receipted + 1
        self._asked = min(self._next, first + (1 if self._unheard else self.window))
        self._again = range(first, self._asked)
