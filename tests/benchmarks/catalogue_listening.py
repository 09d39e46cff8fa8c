"""`estu listen` itself, at a virtual sound card in real time: how much memory and processor the service takes."""

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from device.errors import EstuError
from tests.benchmarks.catalogue_evening import Box, peak_mb
from tests.benchmarks.processor import processor_seconds, thread_seconds
from tests.simulated.sound_card import SoundCard

SECONDS = 60.0  # that are played to it, twice: the first of them, and as many when it runs
_SETTLES = 4.0  # seconds until the sound server has its rhythm; before that ALSA's plugin spins, which no real card does
_CLIENT = "threaded-ml"  # the thread of the sound server's library, which a box with a real card has not
_BEGUN_WITHIN = 60.0  # seconds until its first event
_LOOK = 0.2  # seconds


@dataclass(frozen=True)
class Listening:
    """What the service took while it heard."""

    # Milliseconds of one core for each second of sound; the sound server's own processes are not in it.
    milliseconds: float  # when it runs
    first_milliseconds: float  # in the first minute, from the first event on
    client_milliseconds: (
        float  # of `milliseconds`, what the sound server's library takes in a thread of its own
    )
    peak_mb: float  # the most memory that was resident, from the start on


def listen(box: Box, catalogue: Path) -> Listening:
    """Let the box's service hear the evening through its sound card for two times `SECONDS`."""
    box.use(catalogue)
    with SoundCard() as card, card.shown():
        time.sleep(_SETTLES)
        command = [sys.executable, "-m", "device", "listen", "--settings", str(box.places.settings)]
        with subprocess.Popen(command) as service:
            try:
                _wait_until_begun(service, box)
                player = card.play(box.sound)
                first, _ = _spent(service.pid)
                running, client = _spent(service.pid)
                peak = peak_mb(service.pid)
            finally:
                service.send_signal(signal.SIGTERM)
            player.kill()
            player.wait()
    if service.returncode:
        raise RuntimeError(f"estu listen ended with {service.returncode}")
    return Listening(running, first, client, peak)


def _spent(service: int) -> tuple[float, float]:
    """Give the milliseconds of a core a second that a service takes within `SECONDS`, and those of the card's library."""
    before, its, began = processor_seconds(service), thread_seconds(service, _CLIENT), time.monotonic()
    time.sleep(SECONDS)
    after, theirs, heard = (
        processor_seconds(service),
        thread_seconds(service, _CLIENT),
        time.monotonic() - began,
    )
    return 1000 * (after - before) / heard, 1000 * (theirs - its) / heard


def _wait_until_begun(service: "subprocess.Popen[bytes]", box: Box) -> None:
    """Wait for the first event, which it writes when the microphone has been opened."""
    until = time.monotonic() + _BEGUN_WITHIN
    while not _has_begun(box):
        if service.poll() is not None or time.monotonic() > until:
            raise RuntimeError("estu listen has not begun to hear")
        time.sleep(_LOOK)


def _has_begun(box: Box) -> bool:
    try:
        return bool(box.events(0, 1))
    except EstuError:
        return False
