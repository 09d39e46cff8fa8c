"""A backlog on its way: real `estu sync`, mosquitto as it is shipped, real `estu-central receive`, all on this machine."""

import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from device.record.keys import Jwks
from device.record.log_reader import LogReader
from device.record.signing_key import SigningKey
from tests.benchmarks.backlog import Backlog
from tests.benchmarks.log_growth import BOX
from tests.benchmarks.processor import processor_seconds
from tests.simulated.broker import ShippedBroker
from tests.simulated.venue import wait_until

_PATIENCE = 3_600.0  # seconds
_LOOK = 0.1  # seconds

_SETTINGS = """\
[box]
id = "{box}"

[broker]
url = "{url}"
ca = "{authority}"
certificate = "tls.crt"
key = "tls.key"
platform_keys = "platform.jwks"

[paths]
log = "log.sqlite"
"""


@dataclass(frozen=True)
class Drained:
    """What it took."""

    seconds: float  # from the start of `estu sync` to the receipt of the last event
    sync: float  # processor seconds, likewise of the others
    broker: float
    receivers: float


@dataclass
class _Process:
    """A process whose processor time is wanted."""

    command: list[str]
    words: Path

    _running: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with self.words.open("wb") as words:
            self._running = subprocess.Popen(self.command, stdout=words, stderr=words)

    @property
    def said(self) -> str:
        assert self._running.poll() is None, self.words.read_text("utf-8", "replace")
        return self.words.read_text("utf-8", "replace")

    def stop(self) -> None:
        if self._running.poll() is None:
            self._running.send_signal(signal.SIGTERM)
            self._running.wait(30)

    @property
    def processor(self) -> float:
        return processor_seconds(self._running.pid)


def drain(backlog: Backlog, folder: Path, database: str | None = None, receivers: int = 1) -> Drained:
    """Bring a backlog to a platform, and wait for the last receipt.

    Args:
        backlog: A copy that may be drained.
        folder: For everything else.
        database: The ledger's URL; none: SQLite in the folder.
        receivers: How many share the events.
    """
    database = database or f"sqlite:///{folder.absolute() / 'ledger.sqlite'}"
    with ExitStack() as running:
        broker = running.enter_context(ShippedBroker(folder / "broker"))
        platform = SigningKey.create(None)
        platform.save(folder / "platform.pem")
        (backlog.folder / "platform.jwks").write_bytes(Jwks.of([platform.public]).as_json())
        broker.boxes.issue(BOX, backlog.folder / "tls.crt", backlog.folder / "tls.key")
        broker.platform.issue("platform-receiver", folder / "tls.crt", folder / "tls.key")
        authority = broker.server_authority.absolute()
        settings = backlog.folder / "settings.toml"
        settings.write_text(_SETTINGS.format(box=BOX, url=broker.url, authority=authority))
        receiving = []
        for number in range(receivers):
            command = [
                *(sys.executable, "-m", "central", "receive", "--broker", broker.platform_url),
                *("--ca", str(authority), "--boxes", str(backlog.boxes), "--database", database),
                *("--certificate", str(folder / "tls.crt"), "--key", str(folder / "tls.key")),
                *("--signing-key", str(folder / "platform.pem"), "--name", f"receiver-{number + 1}"),
            ]
            one = _Process(command, folder / f"receiver-{number + 1}.words")
            running.callback(one.stop)
            wait_until(lambda one=one: "Receiving" in one.said, "the receiver receives", 120.0)  # type: ignore[misc]
            receiving.append(one)
        before = processor_seconds(broker.process), sum(one.processor for one in receiving)
        begun = time.monotonic()
        sync = _Process(
            [sys.executable, "-m", "device", "sync", "--settings", str(settings)], folder / "sync.words"
        )
        running.callback(sync.stop)
        with LogReader.read(backlog.log) as log:
            while log.receipt_through() < backlog.events:
                assert time.monotonic() - begun < _PATIENCE, sync.said
                time.sleep(_LOOK)
        assert not any("Quarantined" in one.said for one in receiving), "the platform objects to the backlog"
        return Drained(
            seconds=time.monotonic() - begun,
            sync=sync.processor,
            broker=processor_seconds(broker.process) - before[0],
            receivers=sum(one.processor for one in receiving) - before[1],
        )
