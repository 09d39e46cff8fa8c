"""`estu listen` itself, at a virtual sound card in real time: how much memory and processor the service takes."""

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from device.errors import EstuError
from tests.benchmarks.catalogue_evening import Box, peak_mb
from tests.benchmarks.processor import processor_seconds
from tests.simulated.sound_card import SoundCard

SECONDS = 60.0  # that are played to it
_BEGUN_WITHIN = 60.0  # seconds until its first event
_LOOK = 0.2  # seconds


@dataclass(frozen=True)
class Listening:
    """What the service took while it heard."""

    milliseconds: float  # of one core for each second of sound; the sound card's own processes are not in it
    peak_mb: float  # the most memory that was resident, from the start on


def listen(box: Box, catalogue: Path) -> Listening:
    """Let the box's service hear the evening through its sound card for `SECONDS`."""
    box.use(catalogue)
    with SoundCard() as card, card.shown():
        command = [sys.executable, "-m", "device", "listen", "--settings", str(box.places.settings)]
        with subprocess.Popen(command) as service:
            try:
                _wait_until_begun(service, box)
                player = card.play(box.sound)
                before, began = processor_seconds(service.pid), time.monotonic()
                time.sleep(SECONDS)
                spent = processor_seconds(service.pid) - before
                heard = time.monotonic() - began
                peak = peak_mb(service.pid)
            finally:
                service.send_signal(signal.SIGTERM)
            player.kill()
            player.wait()
    if service.returncode:
        raise RuntimeError(f"estu listen ended with {service.returncode}")
    return Listening(1000 * spent / heard, peak)


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
