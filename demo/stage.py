"""Sets the stage: the keys, the catalogue, the broker, the receiver and the box, each by its own command.

FOLDER/
  box/         what a box's card carries, its catalogue and its log
  platform/    the authority, the receipts' key, the boxes' public keys, the ledger
  broker/      certificates and configuration
  music/       the known pieces, and music.csv with their names
  words/       what each process said
"""

import secrets
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from demo import broker
from demo.processes import Processes, Running
from device.errors import Broken

BOX = "estu-demo"


@dataclass(frozen=True)
class Places:
    """The files of a demonstration."""

    folder: Path

    @property
    def words(self) -> Path:
        """What each process said."""
        return self.folder / "words"

    @property
    def music(self) -> Path:
        """The known pieces."""
        return self.folder / "music"

    @property
    def box(self) -> Path:
        """What a card carries."""
        return self.folder / "box"

    @property
    def settings(self) -> Path:
        """The box's settings."""
        return self.box / "settings.toml"

    @property
    def log(self) -> Path:
        """The box's log."""
        return self.box / "log.sqlite"

    @property
    def platform(self) -> Path:
        """What the platform keeps."""
        return self.folder / "platform"

    @property
    def box_keys(self) -> Path:
        """The public keys of all boxes."""
        return self.platform / "boxes.jwks"

    @property
    def platform_keys(self) -> Path:
        """The public keys that receipts are checked by."""
        return self.platform / "platform.jwks"


class Stage:
    """The commands of Estu, run as a technician and the platform's operator would."""

    def __init__(self, places: Places, processes: Processes) -> None:
        """Take the places and the context in which processes live."""
        self._places = places
        self._processes = processes
        self._doors = broker.free_doors()

    def give_identities(self, microphone: str) -> None:
        """Make the platform's key, an authority, the broker's certificate and the box.

        Args:
            microphone: Part of the sound card's name, or a USB identity; empty for the only USB microphone.
        """
        here = self._places
        here.platform.mkdir(parents=True)
        key = here.platform / "receipts.pem"
        here.platform_keys.write_text(self._central("keys", "create", key))
        authority, secret = (
            here.platform / "authority",
            {"ESTU_AUTHORITY_PASSPHRASE": secrets.token_urlsafe(24)},
        )
        self._provision(secret, "authority", "init", authority)
        self._provision(
            secret,
            "authority",
            "issue-server",
            broker.HOST,
            "--authority",
            authority,
            "--out",
            here.folder / "broker",
        )
        self._provision(
            secret, "enrol", BOX, "--authority", authority, "--out", here.box, "--prefix", here.box,
            "--venue", "A simulated theatre", "--hall", "Main hall", "--language", "kk", "--microphone", microphone,
            "--broker", self._doors.boxes_url, "--platform-keys", here.platform_keys,
        )  # fmt: skip
        self._provision(secret, "export", "--authority", authority, "--out", here.box_keys)

    def build_catalogue(self, metadata: Path) -> None:
        """Build the catalogue where the box looks for it."""
        self._central(
            "catalogue", "build", self._places.music, "--metadata", metadata,
            "--out", self._places.box / "catalogue", "--jobs", "2",
        )  # fmt: skip

    def open_platform(self) -> None:
        """Start the broker and the receiver.

        Raises:
            Broken: The broker does not open.
        """
        here = self._places
        configuration = broker.configure(here.folder / "broker", self._doors)
        self._processes.start("mosquitto", [broker.mosquitto(), "-c", configuration])
        if not broker.opened(self._doors):
            self._processes.check()
            raise Broken(
                "demo-broker-shut", "mosquitto does not open its door.", f"See {here.words}/mosquitto.log."
            )
        self._start(
            "receiver", "central", "receive", "--broker", self._doors.platform_url, "--boxes", here.box_keys,
            "--signing-key", here.platform / "receipts.pem",
            "--database", f"sqlite:///{(here.platform / 'ledger.sqlite').resolve()}",
        )  # fmt: skip

    def start_sync(self) -> Running:
        """Let the box bring its events to the platform."""
        return self._start("sync", "device", "sync", "--settings", self._places.settings)

    def start_replay(self, sound: Path, begins: datetime, speed: float) -> Running:
        """Let the box hear a file."""
        return self._start(
            "replay", "device", "replay", sound, "--settings", self._places.settings,
            "--start", begins.isoformat(), "--speed", f"{speed:g}",
        )  # fmt: skip

    def start_listening(self) -> Running:
        """Let the box hear its microphone."""
        return self._start("listen", "device", "listen", "--settings", self._places.settings)

    def verified(self) -> bool:
        """Have the box's log verified by its public key and the platform's."""
        here = self._places
        log_and_keys: tuple[str | Path, ...] = (
            here.log,
            "--keys",
            here.box_keys,
            "--platform-keys",
            here.platform_keys,
        )
        try:
            self._processes.run("verify", [sys.executable, "-m", "device", "verify", *log_and_keys])
        except Broken:
            return False
        return True

    def _central(self, *words: str | Path) -> str:
        return self._processes.run(f"central {words[0]}", [sys.executable, "-m", "central", *words])

    def _provision(self, secret: dict[str, str], *words: str | Path) -> None:
        name = f"provision {words[0]}" + (f" {words[1]}" if words[0] == "authority" else "")
        self._processes.run(name, [sys.executable, "-m", "provisioning", *words], secret)

    def _start(self, name: str, package: str, *words: str | Path) -> Running:
        return self._processes.start(name, [sys.executable, "-m", package, *words])
