"""An evening in a hall, replayed by the box's own command with catalogues of different sizes: the plays must be the same."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demo.processes import Processes
from demo.stage import Places, Stage
from device.record.log import EventLog
from device.record.reports import PlayReport
from tests.simulated.house import Heard, perform

BEGINS = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Evening:
    """What the box made of it."""

    plays: tuple[tuple[str, str, float, float], ...]  # status, recording, start and end in whole seconds
    milliseconds: float  # of one core for each second of sound, start of the program included
    peak_mb: float  # the most memory that was resident


@dataclass(frozen=True)
class Box:
    """A box that hears one evening, again with other catalogues."""

    places: Places
    sound: Path
    seconds: float

    @classmethod
    def put_up(cls, folder: Path, programme: list[Heard]) -> "Box":
        """Make a box and the sound of an evening."""
        shutil.rmtree(folder, ignore_errors=True)
        places = Places(folder)
        with Processes(places.words) as processes:
            Stage(places, processes).give_identities("")
        perform(programme, folder / "evening.wav")
        return cls(places, folder / "evening.wav", sum(heard.seconds for heard in programme))

    def hear(self, catalogue: Path) -> Evening:
        """Replay the evening with a catalogue."""
        there = self.places.box / "catalogue"
        there.unlink(missing_ok=True)
        there.symlink_to(catalogue.resolve())
        for former in self.places.log.parent.glob(f"{self.places.log.name}*"):
            former.unlink()
        command = [sys.executable, "-m", "device", "replay", str(self.sound)]
        command += ["--settings", str(self.places.settings), "--start", BEGINS.isoformat()]
        with subprocess.Popen(command) as program:
            _, status, used = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
        if program.returncode:
            raise RuntimeError(f"estu replay ended with {program.returncode}")
        with EventLog.read(self.places.log) as log:
            reports = [stored.event.report for stored in log.events(0, 10_000)]
        plays = tuple(_told(report) for report in reports if isinstance(report, PlayReport))
        spent = 1000 * (used.ru_utime + used.ru_stime) / self.seconds
        return Evening(plays, spent, used.ru_maxrss / 1024)


def _told(report: PlayReport) -> tuple[str, str, float, float]:
    start, end = ((at - BEGINS).total_seconds() for at in (report.start, report.end))
    return report.status, report.recording.id, round(start), round(end)
