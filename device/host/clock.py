"""What time it is, and how far that can be trusted.

A box without a battery for its clock starts somewhere in the past, and the network may set it right at any moment.
So every instant carries two readings: the time of day, which can be wrong and can jump, and the seconds since the
machine started, which cannot. What is wrong with the first can be mended later by the second.
"""

import ctypes
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

ClockState = Literal["synchronised", "unsynchronised", "unknown"]

# What a process is told whose sandbox hides the kernel's own word (`ProcSubset=pid`); none such writes events.
HIDDEN_BOOT = "00000000-0000-0000-0000-000000000000"

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LIBC = ctypes.CDLL(None)  # opened once: the clock is asked a dozen times a second
_TIMESYNCD_HAS_SET_IT = Path("/run/systemd/timesync/synchronized")
_CLOCK_EPOCH = Path("/usr/lib/clock-epoch")  # systemd(1): its age is the image's
_READS_WITHIN = 0.01  # seconds between the readings of the two clocks; a busy machine may come in between
_STA_UNSYNC = 0x0040  # <sys/timex.h>
_TIME_ERROR = 5  # what adjtimex returns while the clock is not synchronised


@dataclass(frozen=True)
class Instant:
    """A moment on both clocks."""

    utc: datetime  # aware, in UTC
    monotonic: float  # seconds since the machine started, sleep included
    boot: str  # UUID of this run of the machine; monotonic seconds of two runs cannot be compared
    state: ClockState  # of the clock that gave `utc`
    error_ms: int | None  # `utc` is right to within this, if the machine knows

    def at(self, monotonic: float) -> datetime:
        """Give the time of day of another moment of the same run, by the clock as it stands at this instant."""
        return self.utc + timedelta(seconds=monotonic - self.monotonic)

    def step_to(self, later: "Instant") -> timedelta:
        """Say by how much the time of day was set forward (or back) between this instant and a later one.

        Raises:
            ValueError: The instants are of two runs of the machine, so that nobody can know.
        """
        if later.boot != self.boot:
            raise ValueError("instants of two runs of the machine cannot be compared")
        return later.utc - self.at(later.monotonic)


def running() -> float:
    """Give the seconds since the machine started, sleep included; the box's one monotonic clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Give the identity of this run of the machine, a UUID that the kernel draws at each start; `HIDDEN_BOOT` where a sandbox hides it."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except FileNotFoundError:
        return HIDDEN_BOOT


class Clock(Protocol):
    """Whatever says what time it is."""

    def now(self) -> Instant:
        """Read the clock."""


# No clock is right that shows an earlier time than this: the software did not exist.
SOFTWARE_FLOOR = datetime(2026, 11, 1, tzinfo=UTC)

# Nor one that shows a later time than this, while no network vouches for it: no box lives so long, but a clock whose
# battery ran out can start anywhere.
SOFTWARE_CEILING = SOFTWARE_FLOOR + timedelta(days=25 * 365)

# What systemd-timesyncd lets a server be off by before it passes it over (timesyncd.conf(5), RootDistanceMaxSec=), and
# what it lets the clock still run after by (NTP_MAX_ADJUST in its source). It tells the kernel neither.
TIMESYNCD_ERROR_MS = 5_000 + 400


class SystemClock:
    """The machine's own clock.

    While no network vouches for it, it is never earlier than a floor: the image was built, and the last event was
    written, before now. A clock that reads less is wrong, as is one that is decades ahead; the floor and what has
    passed since this was made is then the better guess, and is called `unsynchronised`.

    A clock that the network has set is believed against the last event, which may have been written by a clock that was
    ahead; but not against the software's own age.
    """

    def __init__(self, floor: datetime) -> None:
        """Begin at a floor.

        Args:
            floor: The latest moment known to have passed, in UTC.
        """
        self._floor = max(floor, SOFTWARE_FLOOR) if floor < SOFTWARE_CEILING else SOFTWARE_FLOOR
        self._begun = running()
        self._boot = boot_id()

    def now(self) -> Instant:
        """Read both clocks and the kernel's opinion of the first."""
        utc, monotonic = _read_both()
        state, error_ms = judge(ask_kernel(), _TIMESYNCD_HAS_SET_IT.exists())
        floor = self._floor + timedelta(seconds=monotonic - self._begun)
        return believe(Instant(utc, monotonic, self._boot, state, error_ms), floor)


def believe(read: Instant, floor: datetime) -> Instant:
    """Take what the clocks read, or the floor in place of a time of day that cannot be.

    Args:
        read: The two clocks, and how far the first is said to be right.
        floor: The latest moment that is known to have passed, in UTC.
    """
    if read.state == "synchronised" and read.utc >= SOFTWARE_FLOOR:
        return read
    if believable(read.utc, floor) == read.utc:
        return read
    return Instant(floor, read.monotonic, read.boot, "unsynchronised", None)


def believable(utc: datetime, floor: datetime) -> datetime:
    """Give a time of day that no network vouches for, or the floor in its place if it cannot be.

    Args:
        utc: What the machine's clock reads.
        floor: UTC, the latest moment that is known to have passed.
    """
    return utc if floor <= utc < SOFTWARE_CEILING else floor


def image_built() -> datetime | None:
    """Say when the image was built, if it says so."""
    try:
        return datetime.fromtimestamp(_CLOCK_EPOCH.stat().st_mtime, UTC)
    except OSError:
        return None


def _read_both() -> tuple[datetime, float]:
    """Read the two clocks as one moment, as far as a busy machine allows it."""
    for _ in range(5):
        before, utc, after = running(), datetime.now(UTC), running()
        if after - before <= _READS_WITHIN:
            break
    return utc, (before + after) / 2


class StreamClock:
    """The clock of a stream that is not live: it shows what the hall's clock showed when this was heard."""

    def __init__(
        self, start: datetime, boot: str, state: ClockState = "unknown", error_ms: int | None = None
    ) -> None:
        """Begin with the stream.

        Args:
            start: When the stream's first sample sounded, in UTC.
            boot: A UUID that stands for this replay as for a run of the machine.
            state: How far `start` can be trusted.
            error_ms: `start` is right to within this, if known.
        """
        self._start, self._boot, self._state, self._error_ms = start, boot, state, error_ms
        self._position = 0.0

    def move_to(self, position: float) -> None:
        """Go to a position in the stream.

        Args:
            position: Seconds since the stream began.

        Raises:
            ValueError: It lies before the present position; time does not run back.
        """
        if position < self._position:
            raise ValueError(f"the stream stands at {self._position} s and does not go back to {position} s")
        self._position = position

    def now(self) -> Instant:
        """Read the clock: the stream's position is its monotonic time."""
        utc = self._start + timedelta(seconds=self._position)
        return Instant(utc, self._position, self._boot, self._state, self._error_ms)


@dataclass(frozen=True)
class Discipline:
    """What the kernel says of its own clock."""

    unsynchronised: bool
    error_us: int  # its bound on the error, microseconds


def judge(kernel: Discipline | None, timesyncd_has_set_it: bool) -> tuple[ClockState, int | None]:
    """Say how far the clock can be trusted, and to within how many milliseconds it is right.

    chrony tells the kernel a bound that holds the way to the server and back, and what the server says of itself.
    systemd-timesyncd tells it 0, from where the kernel lets it grow by 0.5 ms a second: what timesyncd tolerates is added.

    Args:
        kernel: None where the kernel may not be asked.
        timesyncd_has_set_it: Whether systemd-timesyncd has left its mark since the machine started. It has to do
            where there is nothing better, and says nothing of the error.
    """
    if kernel is None:
        return ("synchronised" if timesyncd_has_set_it else "unknown"), None
    if kernel.unsynchronised:
        return "unsynchronised", None
    return "synchronised", kernel.error_us // 1000 + (TIMESYNCD_ERROR_MS if timesyncd_has_set_it else 0)


def ask_kernel() -> Discipline | None:
    """Ask by adjtimex(2), which sets nothing where `modes` is 0 and then needs no privilege.

    A service with `ProtectClock=yes` may not even ask, and gets None.
    """
    timex = _Timex()
    result = _LIBC.adjtimex(ctypes.byref(timex))
    if result < 0:
        return None
    return Discipline(result == _TIME_ERROR or bool(timex.status & _STA_UNSYNC), timex.maxerror)


class _Timex(ctypes.Structure):
    """`struct timex` of Linux as far as it is read here; the kernel writes into the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )
