"""The receiver as the platform runs it: the real command, in a process of its own, that can be killed.

The processes are forked from one that has imported everything, since importing takes longer than most tests.
"""

import argparse
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Self

from sqlalchemy import event

from central.receiver import command
from central.receiver.account import Account
from central.receiver.ledger import Kept, Ledger
from device.record.keys import Jwks, PublicKey
from device.record.signing_key import SigningKey
from device.sync.broker_link import BrokerLink
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
    database_url: str = ""  # none: SQLite in the folder
    dies: str = ""  # at which point it is killed, the first time that it gets there: one of DEATHS

    _running: ForkServerProcess | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Write its keys."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database_url = self.database_url or f"sqlite:///{self.database}"
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
        return Account(self.ledger)

    @cached_property
    def ledger(self) -> Ledger:
        """Its ledger, opened once for the tests' own looks."""
        return Ledger.open(self.database_url)

    def look_away(self) -> None:
        """Close what `account` reads through, so that the database can be replaced."""
        if "ledger" in self.__dict__:
            self.ledger.close()
            del self.ledger

    def start(self) -> Self:
        """Start it, and wait until it receives."""
        log = self.folder / f"{self.name}.log"
        log.touch()
        heard = self.log.count("Receiving")
        arguments = [
            *(*self.arguments, "--name", self.name),
            *("--boxes", str(self._boxes_path), "--signing-key", str(self._key_path)),
            *("--database", self.database_url),
        ]
        self._running = _READY.Process(target=_receive, args=(arguments, log, self.dies))
        self._running.start()
        wait_until(lambda: self.log.count("Receiving") > heard, f"the receiver receives: {self.log}", 120.0)
        return self

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._running is not None:
            self._running.kill()
            self._ended()

    def wait_until_dead(self) -> None:
        """Wait until it has been killed where it was to be."""
        assert self._running is not None
        self._running.join(60)
        assert self._running.exitcode == -signal.SIGKILL, self.log
        self._running = None

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
        self._running.join(60)
        assert not self._running.is_alive(), "the receiver did not end"
        self._running = None


def _receive(arguments: list[str], log: Path, dies: str) -> None:
    """Be the command, in a process of its own."""
    with log.open("ab") as words:
        os.dup2(words.fileno(), 1)
        os.dup2(words.fileno(), 2)
    if dies:
        DEATHS[dies]()
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args(arguments)))


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before_the_database() -> None:
    Ledger.keep = _die  # type: ignore[method-assign,assignment]


def _before_the_commit() -> None:
    keep = Ledger.keep

    def kept(self: Ledger, *arguments: Any) -> Kept:
        event.listen(self.engine, "commit", _die)
        return keep(self, *arguments)

    Ledger.keep = kept  # type: ignore[method-assign]


def _after_the_commit() -> None:
    keep = Ledger.keep

    def kept(self: Ledger, *arguments: Any) -> None:
        keep(self, *arguments)
        _die()

    Ledger.keep = kept  # type: ignore[method-assign,assignment]


def _before_the_acknowledgement() -> None:
    BrokerLink.acknowledge = _die  # type: ignore[method-assign,assignment]


DEATHS: dict[str, Callable[[], None]] = {
    "before the database": _before_the_database,
    "before the commit": _before_the_commit,
    "after the commit": _after_the_commit,
    "before the acknowledgement": _before_the_acknowledgement,
}
