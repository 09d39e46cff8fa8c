"""A virtual USB microphone: what is played to it in real time is heard by PortAudio as by a real sound card.

A PulseAudio of our own, without hardware, has a sink that plays into nothing and a source that hears it; ALSA shows
that source as a card. All of its files, and the server's socket, lie in one folder, and nothing of the user's sound
set-up is read, changed or heard.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "estu_microphone"  # of the ALSA device
MIXER = "estu_mixer"  # of its mixer
RATE = 44100  # Hz, the card's own
_SINK = "hall"
_STARTED_WITHIN = 15.0  # seconds
# Seconds that the server hands on at once. Left to itself it takes two at a time, and ALSA's plugin answers PortAudio's poll without
# a pause until the first have come: two seconds of a core, which no real card takes.
_AT_ONCE = 0.25
_HISS = 4500  # of 65536, cubed: the card's own noise lies at some -75 dBFS, as that of a real one


class SoundCard:
    """The card, there while the context lasts.

    `environment` shows it to a subprocess; `shown()` shows it to this process.
    """

    def __init__(self, channels: int = 2, noisy: bool = True) -> None:
        """Prepare a card; it is there once the context is entered.

        Args:
            channels: How many it has.
            noisy: Whether it hisses a little, as everything does that was ever made of analogue parts.
        """
        self.name = NAME
        self._noisy = noisy
        self._channels = channels
        self._folder = Path(tempfile.mkdtemp(prefix="estu-card-"))
        self._server: subprocess.Popen[bytes] | None = None
        self._hiss: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables under which PulseAudio's programs and ALSA see this card and no other."""
        folder = str(self._folder)
        system = "/usr/share/alsa/alsa.conf"
        return {
            "HOME": folder,
            "XDG_RUNTIME_DIR": folder,
            "XDG_CONFIG_HOME": folder,
            "PULSE_SERVER": f"unix:{folder}/pulse.sock",
            "PULSE_COOKIE": f"{folder}/cookie",
            "ALSA_CONFIG_PATH": f"{system}:{folder}/asound.conf",
        }

    def __enter__(self) -> Self:
        """Plug the card in."""
        (self._folder / "asound.conf").write_text(
            f'pcm.{NAME} {{ type pulse; device {NAME}; hint {{ show on; description "A virtual microphone" }} }}\n'
            f"ctl.{MIXER} {{ type pulse; device {NAME} }}\n"
        )
        # No memory is shared with the server: libpulse waits for ever for a semaphore in it that a killed server held
        # (pa_memimport_free), and PortAudio with it. No real card has such a library between itself and ALSA.
        (self._folder / "pulse").mkdir(exist_ok=True)
        (self._folder / "pulse" / "client.conf").write_text(
            "enable-shm = no\nenable-memfd = no\nautospawn = no\n"
        )
        self.plug_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the card away, and all that it needed."""
        self.unplug()
        shutil.rmtree(self._folder, ignore_errors=True)

    def plug_in(self) -> None:
        """Make the card, and wait until it can be heard."""
        layout = f"rate={RATE} channels={self._channels}"
        modules = [
            f"module-native-protocol-unix auth-anonymous=1 socket={self._folder}/pulse.sock",
            f"module-null-sink sink_name={_SINK} {layout}",
            f"module-remap-source source_name={NAME} master={_SINK}.monitor {layout}",
        ]
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit"]
        command += ["--use-pid-file=no", "--log-level=error", "--disable-shm=yes"]
        command += [f"--load={module}" for module in modules]
        self._server = subprocess.Popen(command, env={**os.environ, **self.environment})
        until = time.monotonic() + _STARTED_WITHIN
        while NAME not in self._control("list", "short", "sources"):
            if self._server.poll() is not None or time.monotonic() > until:
                self.unplug()
                raise RuntimeError("The virtual sound card did not start.")
            time.sleep(0.05)
        if self._noisy:
            hiss = ["pacat", f"--device={_SINK}", "--format=s16le", f"--volume={_HISS}"]
            hiss += [f"--latency-msec={1000 * _AT_ONCE:.0f}", "/dev/urandom"]
            self._hiss = subprocess.Popen(
                hiss, env={**os.environ, **self.environment}, stderr=subprocess.DEVNULL
            )

    def unplug(self) -> None:
        """Take the card away as a pulled plug does: at once, whoever is listening."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None
        if self._hiss is not None:
            self._hiss.kill()
            self._hiss.wait()
            self._hiss = None

    def play(self, path: Path) -> "subprocess.Popen[bytes]":
        """Begin to play a sound file (as libsndfile reads them) in the hall, in real time.

        Returns:
            The player; `wait()` on it lasts until the file has been played.
        """
        command = ["paplay", f"--device={_SINK}", str(path)]
        return subprocess.Popen(command, env={**os.environ, **self.environment})

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Let this process see the card while the context lasts."""
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _control(self, *command: str) -> str:
        asked = subprocess.run(
            ["pactl", *command],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return asked.stdout
