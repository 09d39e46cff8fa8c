"""An evening in a hall, replayed by the box's own command with catalogues of different sizes: the plays must be the same."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soundfile

from demo.processes import Processes
from demo.stage import Places, Stage
from device.record.log_reader import LogReader
from device.record.reports import PlayReport, Report
from tests.simulated import sound_card
from tests.simulated.house import Heard, perform

BEGINS = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Evening:
    """What the box made of it."""

    plays: tuple[
        tuple[str, float, float], ...
    ]  # of those identified the recording, and seconds from when until when
    milliseconds: float  # of one core for each second of sound, without the start of the program
    peak_mb: float  # the most memory that was resident

    def same_as(self, other: "Evening") -> bool:
        """Tell whether both have the same recordings in the same order, from when until when within a second."""
        return len(self.plays) == len(other.plays) and all(
            name == its_name and abs(start - its_start) <= 1.0 and abs(end - its_end) <= 1.0
            for (name, start, end), (its_name, its_start, its_end) in zip(
                self.plays, other.plays, strict=True
            )
        )


@dataclass(frozen=True)
class Box:
    """A box that hears one evening, again with other catalogues."""

    places: Places
    sound: Path
    silence: Path
    seconds: float  # of `sound`

    @classmethod
    def put_up(cls, folder: Path, programme: list[Heard]) -> "Box":
        """Make a box and the sound of an evening."""
        shutil.rmtree(folder, ignore_errors=True)
        places = Places(folder)
        with Processes(places.words) as processes:
            Stage(places, processes).give_identities(sound_card.NAME)
        perform(programme, folder / "evening.wav")
        soundfile.write(folder / "silence.wav", np.zeros(8000, dtype=np.float32), 8000)
        seconds = sum(heard.seconds for heard in programme)
        return cls(places, folder / "evening.wav", folder / "silence.wav", seconds)

    def hear(self, catalogue: Path) -> Evening:
        """Replay the evening with a catalogue; and a second of silence, to know what the start takes."""
        start, _ = self._replay(self.silence, catalogue)
        spent, peak = self._replay(self.sound, catalogue)
        reports = self.events(0, 10_000)
        identified = [one for one in reports if isinstance(one, PlayReport) and one.status == "identified"]
        plays = tuple(_told(one) for one in identified)
        return Evening(plays, 1000 * (spent - start) / self.seconds, peak)

    def use(self, catalogue: Path) -> None:
        """Give the box a catalogue and an empty log."""
        there = self.places.box / "catalogue"
        there.unlink(missing_ok=True)
        there.symlink_to(catalogue.resolve())
        for former in self.places.log.parent.glob(f"{self.places.log.name}*"):
            former.unlink()

    def events(self, after: int, most: int) -> list[Report]:
        """Give what the box's log reports.

        Raises:
            EstuError: There is no log yet, or only the beginning of one.
        """
        with LogReader.read(self.places.log) as log:
            return [stored.event.report for stored in log.events(after, most)]

    def _replay(self, sound: Path, catalogue: Path) -> tuple[float, float]:
        """Give the processor seconds and the most resident memory, MB, of one replay."""
        self.use(catalogue)
        command = [sys.executable, "-m", "device", "replay", str(sound)]
        command += ["--settings", str(self.places.settings), "--start", BEGINS.isoformat()]
        # What the kernel says of a process that has ended counts the memory of the one that it was forked from.
        peak = 0.0
        with subprocess.Popen(command) as program:
            while True:
                peak = max(peak, peak_mb(program.pid))
                ended, status, used = os.wait4(program.pid, os.WNOHANG)
                if ended:
                    break
                time.sleep(0.05)
            program.returncode = os.waitstatus_to_exitcode(status)
        if program.returncode:
            raise RuntimeError(f"estu replay ended with {program.returncode}")
        return used.ru_utime + used.ru_stime, peak


def peak_mb(process: int) -> float:
    """Give the most memory that was resident so far, MB; 0 for a process that is ending."""
    status = Path(f"/proc/{process}/status").read_text()
    told = status.partition("VmHWM:")[2].split()
    return int(told[0]) / 1024 if told else 0.0


def _told(report: PlayReport) -> tuple[str, float, float]:
    start, end = ((at - BEGINS).total_seconds() for at in (report.start, report.end))
    return report.recording.id, start, end
