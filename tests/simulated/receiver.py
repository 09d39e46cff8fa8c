"""The receiver as the platform runs it: the real command, in a process of its own, that can be killed."""

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from central.receiver.account import Account
from central.receiver.ledger import Ledger
from device.record.keys import Jwks, PublicKey
from device.record.signing_key import SigningKey
from tests.simulated.venue import wait_until

_REPOSITORY = Path(__file__).parents[2]


@dataclass
class ReceiverProcess:
    """`estu-central receive`; its ledger stays when it stops."""

    folder: Path
    arguments: list[str]  # how to reach the broker
    name: str = "receiver-1"
    key: SigningKey = field(default_factory=lambda: SigningKey.create(None))

    _running: subprocess.Popen[bytes] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Write its keys."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._key_path.exists():
            self.key.save(self._key_path)
        if not self._boxes_path.exists():
            self.register()

    @property
    def platform(self) -> Jwks:
        """What boxes verify its receipts with."""
        return Jwks.of([self.key.public])

    @property
    def database(self) -> Path:
        """Where its ledger is."""
        return self.folder / "ledger.sqlite"

    @property
    def log(self) -> str:
        """What it has said."""
        return (self.folder / f"{self.name}.log").read_text("utf-8", "replace")

    @property
    def _key_path(self) -> Path:
        return self.folder / "platform.pem"

    @property
    def _boxes_path(self) -> Path:
        return self.folder / "boxes.jwks"

    def register(self, *boxes: PublicKey) -> None:
        """Write the register's export anew."""
        beside = self._boxes_path.with_suffix(".new")
        beside.write_bytes(Jwks.of(boxes).as_json())
        beside.replace(self._boxes_path)

    def account(self) -> Account:
        """Read its ledger."""
        return Account(Ledger.open(f"sqlite:///{self.database}"))

    def start(self) -> Self:
        """Start it, and wait until it receives."""
        heard = self.log.count("Receiving") if (self.folder / f"{self.name}.log").exists() else 0
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._running = subprocess.Popen(
                [
                    *(sys.executable, "-m", "central", "receive", *self.arguments, "--name", self.name),
                    *("--boxes", str(self._boxes_path), "--signing-key", str(self._key_path)),
                    *("--database", f"sqlite:///{self.database}"),
                ],
                cwd=_REPOSITORY,
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: self.log.count("Receiving") > heard, f"the receiver receives: {self.log}", 60.0)
        return self

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _end(self, how: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(15)
            self._running = None
