"""Processes that are killed at any moment, and started again as a service manager would.

They are forked from one that has imported everything, since importing takes longer than most of them live.
"""

import argparse
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from device.sync.courier import Pace
from tests.chaos.writer import Box, write

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_ENDING = 90.0  # seconds that an orderly end may take, on a machine that does much else
# What tests can wait for; the shipped pace is for networks that are away for months.
HASTY = Pace(look=0.05, patience=1.0, stuck=3.0, stable=1.0, first_pause=0.05, longest_pause=0.4)
_HASTY_RECEIVER = 0.5  # seconds, the longest pause between two tries

_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(
    [
        *("central.receiver.command", "central.receiver.serving", "device.commands", "device.sync.courier"),
        *("tests.chaos.processes", "tests.simulated.receiver"),
    ]
)


@dataclass(eq=False)
class Service:
    """A process with what it does, and how it fares."""

    name: str
    task: Callable[..., object]  # of a module, so that another process finds it
    arguments: tuple[Any, ...]
    words: Path  # what it says
    done: bool = False  # it ended by itself, as it should
    failed: list[int] = field(
        default_factory=list
    )  # exit statuses of those that ended by themselves, otherwise

    _running: ForkServerProcess | None = field(init=False, default=None)
    _away_until: float = field(init=False, default=0.0)  # monotonic seconds

    def look_after(self, now: float) -> None:
        """Start it if it is time to."""
        if self._running is not None and self._running.exitcode is not None:
            status = self._running.exitcode
            self._running = None
            if status == 0:
                self.done = True
            else:
                self.failed.append(status)
                self._away_until = now + 1.0
        if self._running is None and not self.done and now >= self._away_until:
            self._running = _READY.Process(
                target=_be, args=(self.task, self.arguments, self.words), name=self.name
            )
            self._running.start()

    def kill(self, away: float) -> bool:
        """End it at once, as a power cut would; it is started again later.

        Returns:
            Whether it was running.
        """
        if self._running is None or self._running.exitcode is not None:
            return False
        self._running.kill()
        self._running.join()
        self._running = None
        self._away_until = time.monotonic() + away
        return True

    def stop(self) -> None:
        """Ask it to end; what does not listen is killed."""
        if self._running is None:
            return
        self._running.terminate()
        self._running.join(_ENDING)
        if self._running.exitcode is None:
            self._running.kill()
            self._running.join()
            self.failed.append(-signal.SIGKILL)
        elif self._running.exitcode not in (0, -signal.SIGTERM):  # it may have had no handler yet
            self.failed.append(self._running.exitcode)
        self._running = None


def writer(box: Box) -> Service:
    """What appends to a box's log."""
    return Service(f"writer of {box.name}", write, (box,), box.folder / "writer.words")


def sync(box: Box, settings: Path, pace: Pace | None) -> Service:
    """`estu sync`; without a pace, at the one that is shipped."""
    return Service(f"sync of {box.name}", estu_sync, (settings, pace), box.folder / "sync.words")


def receiver(
    name: str, receive: Callable[[list[str], bool], object], arguments: Sequence[str], words: Path
) -> Service:
    """What takes the boxes' events."""
    return Service(name, receive, ([*arguments, "--name", name], True), words)


def estu_sync(settings: Path, pace: Pace | None) -> None:
    """Be the command.

    Args:
        settings: Of the box.
        pace: Another one than is shipped.
    """
    from device.__main__ import main
    from device.sync import courier

    if pace is not None:
        courier.run = partial(courier.run, pace=pace)  # type: ignore[assignment]
    sys.exit(main(["sync", "--settings", str(settings)]))


def estu_central_receive(arguments: list[str], hasty: bool) -> None:
    """Be the command.

    Args:
        arguments: Of the command line.
        hasty: Whether it comes back within half a second, so that more can befall it.
    """
    from central.receiver import command, serving

    if hasty:
        serving.serve = partial(serving.serve, longest_pause=_HASTY_RECEIVER)  # type: ignore[assignment]
        command.open_when_there = partial(command.open_when_there, longest_pause=_HASTY_RECEIVER)  # type: ignore[assignment]
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args(arguments)))


def _be(task: Callable[..., object], arguments: tuple[Any, ...], words: Path) -> None:
    """Do a task, and let nothing of it outlive the season."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    with words.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    task(*arguments)
