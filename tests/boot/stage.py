"""The platform on this machine and a box whose identity is for the emulated one: demonstration's stage, with other addresses."""

import secrets
import shutil
import struct
from pathlib import Path

import numpy as np

from demo import broker
from demo.stage import BOX, Stage
from device.sound import replay
from tests.boot import inside
from tests.boot.emulator import PLATFORM
from tests.simulated.house import Heard, House, perform

# In ffmpeg's place, which the image has not: it writes a file, that already is what ffmpeg would write, to its output.
_FFMPEG = """\
#!/usr/bin/python3 -I
import shutil, sys
path = sys.argv[sys.argv.index("-i") + 1].removeprefix("file:")
with open(path, "rb") as file:
    shutil.copyfileobj(file, sys.stdout.buffer)
"""


class BootStage(Stage):
    """The stage of a box that lives in an emulator."""

    @property
    def port(self) -> int:
        """Where boxes find the broker, on this machine's loopback."""
        return self._doors.boxes

    def enrolment(self) -> list[str | Path]:
        """Give what is said besides when the box is enrolled."""
        return []

    def give_identities(self, microphone: str) -> None:  # noqa: ARG002 - it is the file, or the kernel's own
        """As the demonstration does, but the box's files name its own folders, and the broker as the guest sees it."""
        here = self._places
        here.platform.mkdir(parents=True)
        here.platform_keys.write_text(self._central("keys", "create", here.platform / "receipts.pem"))
        authority = here.platform / "authority"
        secret = {"ESTU_AUTHORITY_PASSPHRASE": secrets.token_urlsafe(24)}
        self._provision(secret, "authority", "init", authority)
        self._provision(
            secret,
            "authority",
            "issue-server",
            broker.HOST,
            PLATFORM,
            "--authority",
            authority,
            "--out",
            here.folder / "broker",
        )
        self._provision(
            secret, "enrol", BOX, "--authority", authority, "--out", here.box, "--venue", "A simulated theatre",
            "--hall", "Main hall", "--language", "kk", "--broker", f"mqtts://{PLATFORM}:8883", "--platform-keys", here.platform_keys,
            *self.enrolment(),
        )  # fmt: skip
        self._provision(secret, "export", "--authority", authority, "--out", here.box_keys)


def furnish(house: House, folder: Path) -> Path:
    """Put together what the data partition holds: the identity, the catalogue, and the test's own programs.

    Args:
        house: Whose box.
        folder: The partition's content; made.

    Returns:
        The folder in it that is the test's own.
    """
    identity, state, trial = folder / "etc-estu", folder / "lib-estu", folder / "trial"
    for each in (identity, state, trial):
        each.mkdir(parents=True)
    for path in house.places.box.iterdir():
        if path.is_file():
            shutil.copy(path, identity)
    shutil.copytree(house.catalogue, state / "catalogue")
    shutil.copy(Path(inside.__file__), trial / "inside.py")
    (trial / "begin").write_text(inside.BEGIN)
    (trial / "slow.conf").write_text(inside.SLOW)
    (trial / "estu-trial.service").write_text(inside.UNIT)
    return trial


def add_evening(house: House, trial: Path, evening: list[Heard]) -> None:
    """Add what the box is to hear.

    Args:
        house: Whose box; the evening sounds in its hall.
        trial: As `furnish` gave it.
        evening: What sounds.
    """
    sound = house.places.folder / "evening.wav"
    perform(evening, sound)
    samples, rate = replay.read(sound)
    header = struct.pack(">4sIIIII", b".snd", 24, 4 * len(samples), 6, rate, 1)
    (trial / "evening.au").write_bytes(header + np.asarray(samples, ">f4").tobytes())
    (trial / "ffmpeg").write_text(_FFMPEG)
    (trial / "ffmpeg").chmod(0o755)
