"""A real sound card is pulled out again and again: how long until it is heard after it is back, and is it each time?

make unplugs COUNT=100

The card is PulseAudio's, heard through ALSA and PortAudio; nothing of ours is made up. A hundred take some twelve minutes.
"""

import os
import threading
import time
from collections.abc import Iterator

from device.sound.block import Absence, Arrival, Block
from device.sound.devices import Named
from device.sound.microphone import Microphone
from tests.benchmarks.figure import Figure
from tests.simulated.sound_card import NAME, SoundCard

COUNT = int(os.environ.get("COUNT", "100"))
PROMISED = 15.0  # seconds


def measure() -> Iterator[Figure]:
    """Pull the card out and put it in again, and give how soon it was heard."""
    back = list(unplugged(COUNT))
    yield Figure(
        "unplugs after which it was heard again", float(len(back)), "", "unplugs", COUNT, more_is_better=True
    )
    yield Figure("from the plug to the first sound, at worst", max(back), "s", "promised", PROMISED)
    yield Figure(
        "from the plug to the first sound, middle", sorted(back)[len(back) // 2], "s", "promised", PROMISED
    )


def unplugged(count: int) -> Iterator[float]:
    """Pull the card out so many times; give each time the seconds from its return to the first block."""
    stop = threading.Event()
    with SoundCard() as card, card.shown():
        arrivals = Microphone(Named(NAME)).arrivals(stop)
        _until(arrivals, Block)
        for _ in range(count):
            card.unplug()
            _until(arrivals, Absence)
            card.plug_in()
            began = time.monotonic()
            _until(arrivals, Block)
            yield time.monotonic() - began
        stop.set()
        for _ in arrivals:  # so that the card is let go of
            pass


def _until(arrivals: Iterator[Arrival], kind: type[Arrival]) -> None:
    for arrival in arrivals:
        if isinstance(arrival, kind):
            return
