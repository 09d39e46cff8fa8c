"""`estu listen` as the service manager starts it: a box with the shipped model, a small catalogue and the virtual card."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from device import hearing
from device.record.signing_key import SigningKey
from tests.device.catalogue.made_up import write_usable
from tests.simulated.sound_card import NAME, SoundCard

BOX = "abai-1"
PATIENCE = 120.0  # seconds; these machines are shared


def furnish(folder: Path) -> Path:
    """Make a box that hears through the virtual card; give its settings."""
    for name in ("box", "run"):
        (folder / name).mkdir()
    SigningKey.create(BOX).save(folder / "box" / "signing.pem")
    write_usable(folder / "box" / "catalogue")
    settings = folder / "box" / "settings.toml"
    settings.write_text(
        f'[box]\nid = "{BOX}"\n[microphone]\ndevice = "{NAME}"\n'
        '[paths]\nlog = "log.sqlite"\ncatalogue = "catalogue"\nsigning_key = "signing.pem"\nruntime = "../run"\n'
        '[broker]\nurl = "mqtts://b.example"\n'
    )
    return settings


class Listener:
    """The process, while the context lasts; what it tells the service manager is kept."""

    def __init__(self, folder: Path, card: SoundCard, under: Sequence[str] = ()) -> None:
        """Prepare a box.

        Args:
            folder: Empty; `box` and `run` are made in it.
            card: Plugged in or not.
            under: A command that starts it in its turn, such as strace.
        """
        self.folder = folder
        self._command = [*under, sys.executable, "-m", "device", "listen", "--settings", str(furnish(folder))]
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(str(folder / "notify"))
        self._manager.setblocking(False)
        self._environment = {
            **os.environ,
            **card.environment,
            "PYTHONDONTWRITEBYTECODE": "1",
            "NOTIFY_SOCKET": str(folder / "notify"),
        }
        self.told: list[str] = []  # to the service manager

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / "box" / "log.sqlite"

    def __enter__(self) -> Self:
        """Start it."""
        silence = subprocess.DEVNULL
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdout=silence, stderr=silence, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it, if it has not ended."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # whatever it runs under, too
            self.process.wait()
        self._manager.close()

    def wait_for(self, *states: hearing.State) -> float:
        """Wait until it says that it is in one of these states; give the seconds that it took."""
        began = time.monotonic()
        while (
            said := hearing.read(self.folder / "run" / "hearing.json")
        ) is None or said.state not in states:
            assert self.process.poll() is None, "estu listen has ended"
            assert time.monotonic() - began < PATIENCE, f"{said} is not {states}"
            self._listen()
            time.sleep(0.05)
        self._listen()
        return time.monotonic() - began

    def end(self) -> int:
        """Ask it to end in order; give its exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self._listen()
        return status

    def _listen(self) -> None:
        while True:
            try:
                self.told.append(self._manager.recv(4_096).decode())
            except BlockingIOError:
                return
