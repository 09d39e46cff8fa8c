"""The receiver as the platform runs it: the real command, in a process of its own, that can be killed.

The processes are forked from one that has imported everything, since importing takes longer than most tests.
"""

import argparse
import multiprocessing
import os
import sys
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Self

from central.receiver import command
from central.receiver.account import Account
from central.receiver.ledger import Ledger
from device.record.keys import Jwks, PublicKey
from device.record.signing_key import SigningKey
from tests.simulated.venue import wait_until

_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(["central.receiver.serving", "tests.simulated.receiver"])


@dataclass
class ReceiverProcess:
    """`estu-central receive`; its ledger stays when it stops."""

    folder: Path
    arguments: list[str]  # how to reach the broker
    name: str = "receiver-1"
    key: SigningKey = field(default_factory=lambda: SigningKey.create(None))

    _running: ForkServerProcess | None = field(init=False, default=None)

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
        log = self.folder / f"{self.name}.log"
        log.touch()
        heard = self.log.count("Receiving")
        arguments = [
            *(*self.arguments, "--name", self.name),
            *("--boxes", str(self._boxes_path), "--signing-key", str(self._key_path)),
            *("--database", f"sqlite:///{self.database}"),
        ]
        self._running = _READY.Process(target=_receive, args=(arguments, log))
        self._running.start()
        wait_until(lambda: self.log.count("Receiving") > heard, f"the receiver receives: {self.log}", 60.0)
        return self

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._running is not None:
            self._running.kill()
            self._ended()

    def stop(self) -> None:
        """Ask it to end."""
        if self._running is not None:
            self._running.terminate()
            self._ended()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _ended(self) -> None:
        assert self._running is not None
        self._running.join(15)
        assert not self._running.is_alive(), "the receiver did not end"
        self._running = None


def _receive(arguments: list[str], log: Path) -> None:
    """Be the command, in a process of its own."""
    with log.open("ab") as words:
        os.dup2(words.fileno(), 1)
        os.dup2(words.fileno(), 2)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args(arguments)))
