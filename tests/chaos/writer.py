"""A box's writer: what `estu listen` does to the log, without the sound. It appends until the season's goal is reached.

Each event is told to a witness once it is committed: a file that only the season reads. So the season knows what was
promised, whatever becomes of the log.
"""

import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from uuid import UUID

from device.host.clock import Instant
from device.record.log import EventLog
from device.record.reports import BootReport, CoverageReport, LastEvent, LogFound, PlayReport, Report
from device.record.signing_key import SigningKey
from tests.chaos.clock import LENGTH, SeasonClock, SeasonTime
from tests.simulated.reports import ALL, BOOT

_LOOK = 0.02  # seconds between two looks at the season's time
_KINDS = tuple(report for report in ALL if not isinstance(report, BootReport))


@dataclass(frozen=True)
class Box:
    """A box, as its writer knows it."""

    name: str
    folder: Path
    seed: int
    goal: int  # events at the season's end
    time: Path  # how much of the season is over

    @property
    def log(self) -> Path:
        """The log."""
        return self.folder / "log.sqlite"

    @property
    def key(self) -> Path:
        """The key that signs."""
        return self.folder / "signing.pem"

    @property
    def clock(self) -> Path:
        """How far its clock is off."""
        return self.folder / "clock-offset"

    @property
    def witness(self) -> Path:
        """What was committed: a number and a hash a line."""
        return self.folder / "witness"


def write(box: Box) -> None:
    """Append events until there are as many as there should be."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    key = SigningKey.load(box.key, box.name)
    witness = os.open(box.witness, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with EventLog.open(box.log, box.name, key) as log:
        head = log.head()
        seq = 0 if head is None else head.seq
        luck = Random(f"{box.seed} {box.name} {seq}")
        clock = SeasonClock(box.clock, UUID(int=luck.getrandbits(128), version=4))
        last = log.last()
        previous = None if last is None else LastEvent(last.seq, last.event.time)
        report: Report = replace(
            BOOT, previous=previous, off_seconds=None, log=LogFound(log.opening.events, log.opening.cut)
        )
        season = SeasonTime(box.time)
        while seq < box.goal:
            while seq > 0 and season.share() < seq / box.goal:
                time.sleep(_LOOK)
            for _ in range(min(luck.choice((1, 1, 2, 10)), box.goal - seq)):
                at = clock.at(seq / box.goal)
                link = log.append(report, at)
                seq = link.seq
                os.write(witness, f"{seq} {link.hash}\n".encode())
                report = _report(luck, clock.at(seq / box.goal))


def _report(luck: Random, at: Instant) -> Report:
    """Make up what was heard."""
    report = luck.choices(_KINDS, weights=[50 if isinstance(one, PlayReport) else 5 for one in _KINDS])[0]
    if not isinstance(report, PlayReport | CoverageReport):
        return report
    start = at.utc - LENGTH * luck.uniform(0, 0.001) if at.utc.year > 1970 else at.utc
    return replace(report, start=start, end=at.utc)
