"""A box that was without a network for months: a log full of signed events, none of them receipted.

Making it takes longer than most measurements, so that it is kept in `build/bench` for the next time.
"""

import os
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from device.host.clock import Instant
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.reports import PlayReport, Report
from device.record.signing_key import SigningKey
from tests.simulated.reports import COVERAGE, INCIDENT, PLAY, UNIDENTIFIED
from tests.simulated.signing_box import BOOT

BOX = "kz-ala-0001"
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_EACH = timedelta(seconds=158)  # some 200,000 events a year
_MIX: tuple[Report, ...] = (PLAY, PLAY, PLAY, COVERAGE, PLAY, COVERAGE, PLAY, PLAY, UNIDENTIFIED, INCIDENT)


@dataclass(frozen=True)
class Backlog:
    """A log and its key, in a folder."""

    folder: Path
    events: int

    @property
    def log(self) -> Path:
        """The log."""
        return self.folder / "log.sqlite"

    @property
    def boxes(self) -> Path:
        """The register's export: the box's public key."""
        return self.folder / "boxes.jwks"

    def copied_to(self, folder: Path) -> "Backlog":
        """Copy it to where it may be drained."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)


def backlog(events: int, under: Path) -> Backlog:
    """Give a backlog of so many events, made now or by an earlier run."""
    whole = Backlog(under / f"backlog-{events}", events)
    if whole.folder.exists():
        with EventLog.read(whole.log) as log:
            if log.count() == events:
                return whole
        shutil.rmtree(whole.folder)
    made = Backlog(under / f"backlog-{events}.{os.getpid()}", events)
    made.folder.mkdir(parents=True)
    _write(made)
    made.folder.rename(whole.folder)
    return whole


def _write(made: Backlog) -> None:
    key = SigningKey.create(BOX)
    made.boxes.write_bytes(Jwks.of([key.public]).as_json())
    with EventLog.open(made.log, BOX, key) as log:
        # Nobody relies on this log surviving the power.
        log._connection.execute("PRAGMA synchronous = OFF")
        for number in range(made.events):
            time = _BEGIN + _EACH * number
            report = _MIX[number % len(_MIX)]
            if isinstance(report, PlayReport):
                report = replace(report, start=time - timedelta(minutes=3), end=time)
            log.append(report, Instant(time, 158.0 * number, BOOT, "synchronised", 12))
