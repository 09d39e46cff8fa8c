"""Starts the box and the platform as processes of their own, and ends every one of them whatever happens.

Rules:

- Each process leads a session of its own: Ctrl-C reaches the demonstration alone, which ends them in order.
- Each is noted in a file with the time it began, so that the next run ends what a killed one left behind, and
  never another program that happens to have got the number.
- What a process says goes into a file; if it fails, its last words are shown.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from device.errors import Broken

GRACE = 10.0  # seconds a process gets to end by itself
LAST_WORDS = 12  # lines
NOTES = "processes.txt"

# Several processes share few cores. Libraries that start a thread for each core would let the threads of one wait for
# those of another: hearing the evening took five times as long.
ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, eq=False)
class Running:
    """A process under way."""

    name: str
    process: subprocess.Popen[bytes]
    words: Path  # what it says

    @property
    def last_words(self) -> str:
        """The end of what it said."""
        return "\n".join(f"    {line}" for line in self._lines[-LAST_WORDS:]) or "    (it said nothing)"

    @property
    def warning(self) -> str:
        """The last warning that it gave; empty if it gave none."""
        warnings = [line.partition("WARNING: ")[2] for line in self._lines]
        return next((warning for warning in reversed(warnings) if warning), "")

    @property
    def _lines(self) -> list[str]:
        return self.words.read_text(errors="replace").strip().splitlines()


class Processes:
    """The processes of one demonstration; a context that none of them outlives."""

    def __init__(self, folder: Path) -> None:
        """Take the folder for their words.

        Args:
            folder: Made if it is not there.
        """
        self._folder = folder
        self._running: list[Running] = []

    def __enter__(self) -> Self:
        """Begin with nothing running."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all that run, the last one first."""
        while self._running:
            self.end(self._running[-1])

    def run(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> str:
        """Run something to its end.

        Returns:
            What it said.

        Raises:
            Broken: It failed; its last words are in the message.
        """
        running = self.start(name, command, environment)
        status = running.process.wait()
        self._running.remove(running)
        if status != 0:
            raise _failure(running, f"failed with status {status}")
        return running.words.read_text(errors="replace")

    def start(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> Running:
        """Start something that runs on."""
        words = self._folder / f"{name.replace(' ', '-')}.log"
        with words.open("wb") as file:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**ENVIRONMENT, **os.environ, **(environment or {})},
                start_new_session=True,
            )
        running = Running(name, process, words)
        self._running.append(running)
        with (self._folder / NOTES).open("a") as notes:
            notes.write(f"{process.pid} {_began(process.pid)}\n")
        return running

    def end(self, running: Running) -> int:
        """Ask a process to end, insist if it does not, and give its status."""
        if running.process.poll() is None:
            _signal(running.process.pid, signal.SIGTERM)
            try:
                running.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                _signal(running.process.pid, signal.SIGKILL)
        self._running.remove(running)
        return running.process.wait()

    def check(self, *mortal: Running) -> None:
        """See that all still run.

        Args:
            mortal: Those that may have ended, if they ended well.

        Raises:
            Broken: One has ended; its last words are in the message.
        """
        for running in self._running:
            status = running.process.poll()
            if status is not None and not (status == 0 and running in mortal):
                raise _failure(running, f"ended with status {status}")


def end_leftovers(folder: Path) -> int:
    """End what an earlier demonstration left running, and tell how many they were."""
    notes = folder / NOTES
    noted = [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []
    left = [int(pid) for pid, began in noted if _began(int(pid)) == began]
    for number in (signal.SIGTERM, signal.SIGKILL) if left else ():
        for pid in left:
            _signal(pid, number)
        time.sleep(1.0)
    return len(left)


def _began(pid: int) -> str:
    """Give the time a process began, in ticks since the machine did (proc(5), `stat`: state, field 22)."""
    try:
        state, *numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone"
    return "gone" if state == "Z" else numbers[18]


def _signal(leader: int, number: signal.Signals) -> None:
    """Signal a process and all that it started."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return  # it ended by itself in this very moment


def _failure(running: Running, what: str) -> Broken:
    return Broken(
        "demo-process-failed",
        f"{running.name} {what}. Its last words:\n{running.last_words}\n",
        f"All it said is in {running.words}.",
    )
