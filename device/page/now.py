"""What staff ask first: is it hearing, what did it hear last, has the platform received it, what should I do?

Everything is read from what the other services have written; where that is old or missing, the page says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from device import hearing, mute
from device.condition import Condition, condition, is_fresh
from device.errors import EstuError
from device.hearing import Hearing
from device.mute import Mute
from device.page.history import Entry, History
from device.page.skim import Boot, Play
from device.record.log_reader import LogReader
from device.record.notice import Notice
from device.settings import Settings
from device.sync import state
from device.sync.notices import NoticeWindow
from device.sync.state import SyncState
from device.sync.updates import state as update_state
from device.sync.updates.state import UpdateState

# The level that fills the bar, and the one that leaves it empty.
LOUDEST, QUIETEST = 0.0, -80.0  # dBFS
_OVERDRIVEN = -1.0  # dBFS, of the loudest sample: it was most likely cut off
_QUIET = -60.0  # dBFS: an empty hall


@dataclass(frozen=True)
class Places:
    """Where the other services write."""

    log: Path
    sync_state: Path
    hearing: Path
    muted: Path
    notices: NoticeWindow | None = None
    updates: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Places":
        """Give those of a box."""
        window = NoticeWindow(settings.notices, settings.box.id, settings.broker.platform_keys)
        return cls(
            settings.paths.log,
            settings.sync_state,
            settings.hearing,
            settings.muted,
            window,
            settings.update_state,
        )


@dataclass(frozen=True)
class Account:
    """What the log says, if it can be read."""

    waiting: int  # events that no receipt covers
    receipted: datetime | None  # UTC, the time in the last receipt
    last_play: Entry[Play] | None
    last_boot: Entry[Boot] | None


@dataclass(frozen=True)
class Now:
    """The box at one moment."""

    at: datetime  # UTC
    condition: Condition
    hearing: Hearing | None  # None also where it is old: then nobody knows
    mute: Mute | None
    sync: SyncState | None
    account: Account | None
    log_trouble: EstuError | None  # why there is no account
    notices: Sequence[Notice] = ()  # what the platform has to say, the newest first
    updates: UpdateState | None = None  # how updates go; None where nobody looks for any

    @property
    def level(self) -> float | None:
        """How full the bar of the level is, from 0 to 1."""
        return fill(self.hearing.level_dbfs) if self.hearing else None

    @property
    def floor(self) -> float | None:
        """Where in the bar the quietest moment of the last minutes lies."""
        return fill(self.hearing.noise_floor_dbfs) if self.hearing else None

    @property
    def loudness(self) -> str | None:
        """The level in a word: quiet, good or overdriven."""
        if self.hearing is None or self.hearing.level_dbfs is None:
            return None
        if self.hearing.peak_dbfs is not None and self.hearing.peak_dbfs >= _OVERDRIVEN:
            return "overdriven"
        return "quiet" if self.hearing.level_dbfs < _QUIET else "good"


def fill(dbfs: float | None) -> float | None:
    """Give the part of the bar that a level fills."""
    if dbfs is None:
        return None
    return round(min(1.0, max(0.0, (dbfs - QUIETEST) / (LOUDEST - QUIETEST))), 3)


def look(places: Places, at: datetime, up: float) -> Now:
    """Look at the box.

    Args:
        places: Where the other services write.
        at: UTC, by the machine's own clock, right or wrong.
        up: Seconds since the machine started.
    """
    account, trouble = _account(places.log)
    heard, sync = hearing.read(places.hearing), state.read(places.sync_state)
    waiting, receipted = (account.waiting, account.receipted) if account else (0, None)
    judged = condition(heard, sync, waiting, receipted, at, up)
    fresh = heard if heard and is_fresh(heard, at, up) else None
    said = places.notices.shown(at) if places.notices else ()
    updates = update_state.read(places.updates) if places.updates else None
    return Now(at, judged, fresh, mute.read(places.muted), sync, account, trouble, said, updates)


def time_shown(places: Places, believed: datetime, up: float) -> datetime:
    """Give the time that readers are shown: by the clock of `estu listen`, which wrote the works' times, while it runs.

    The machine's own clock may stand in 1970, and nobody was heard in the future.

    Args:
        places: Where the other services write.
        believed: UTC, what to show where `estu listen` does not run.
        up: Seconds since the machine started.
    """
    heard = hearing.read(places.hearing)
    if heard is None or heard.monotonic is None or not is_fresh(heard, believed, up):
        return believed
    return heard.written + timedelta(seconds=up - heard.monotonic)


def _account(path: Path) -> tuple[Account | None, EstuError | None]:
    try:
        with LogReader.read(path) as log:
            history, receipt = History(log), log.receipt()
            return Account(
                waiting=log.waiting(),
                receipted=receipt.time if receipt else None,
                last_play=history.last_play(),
                last_boot=history.last_boot(),
            ), None
    except EstuError as error:
        return None, error
