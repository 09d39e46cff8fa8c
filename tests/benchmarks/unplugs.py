"""A real sound card is pulled out again and again: how long until it is heard after it is back, and is it each time?

make unplugs COUNT=100

The card is PulseAudio's, heard through ALSA and PortAudio. Where PortAudio does not let go of a card that has gone, the
process that hears ends, and is started anew as systemd would; the service itself then takes the time its model and catalogue
need on top.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.benchmarks.figure import Figure
from tests.simulated.sound_card import NAME, SoundCard

COUNT = int(os.environ.get("COUNT", "100"))
PROMISED = 15.0  # seconds
PATIENCE = 90.0  # seconds
HEARING = """
import os, sys
from device.errors import Broken
from device.sound.devices import Named
from device.sound.microphone import Microphone
try:
    for arrival in Microphone(Named(sys.argv[1])).arrivals():
        print(type(arrival).__name__, flush=True)
except Broken:
    os._exit(1)
"""


def measure() -> Iterator[Figure]:
    """Pull the card out and put it in again, and give how soon it was heard."""
    with SoundCard() as card, card.shown():
        ear = Ear()
        ear.wait_for("Block")
        back = []
        for _ in range(COUNT):
            card.unplug()
            ear.wait_for("Absence")
            card.plug_in()
            back.append(ear.wait_for("Block"))
        ear.process.kill()
        ear.process.wait()
    yield Figure(
        "unplugs after which it was heard again", float(len(back)), "", "unplugs", COUNT, more_is_better=True
    )
    yield Figure("from the plug to the first sound, at worst", max(back), "s", "promised", PROMISED)
    yield Figure(
        "from the plug to the first sound, middle", sorted(back)[len(back) // 2], "s", "promised", PROMISED
    )
    heard_on = 1.0 - (ear.started - 1) / COUNT
    yield Figure("part of them without a new process", heard_on, "", "all", 1.0, more_is_better=True)


class Ear:
    """The process that hears, started anew whenever it ends."""

    def __init__(self) -> None:
        self.started = 0
        self._start()

    def wait_for(self, kind: str) -> float:
        """Wait until this arrives, or the process ends where an absence is waited for; give the seconds."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            assert self.process.stdout is not None
            line = self.process.stdout.readline().strip()
            if line == kind:
                return time.monotonic() - began
            if not line:
                self.process.wait()
                self._start()
                if kind == "Absence":
                    return time.monotonic() - began
        raise AssertionError(f"no {kind} within {PATIENCE} s")

    def _start(self) -> None:
        self.started += 1
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEARING, NAME],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
