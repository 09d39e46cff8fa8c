"""A real mosquitto on loopback, that can be killed and started again: in the clear, or as it is shipped, with TLS."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from demo.broker import BELOW_EPHEMERAL, free_ports
from tests.simulated.authority import Authority

_SHIPPED = Path(__file__).parents[2] / "central" / "mosquitto"
_PROGRAM = (
    shutil.which("mosquitto") or "/usr/sbin/mosquitto"
)  # Debian keeps it where users' PATH does not look

_WORKERS = 64  # as many of pytest-xdist's processes share no port
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_FREE = free_ports(BELOW_EPHEMERAL[_WORKER::_WORKERS])
_PATIENCE = 60  # seconds for it to start or to end, on a machine that does much else


def free_port() -> int:
    """Find a port of loopback that nobody listens on.

    It lies below those that the system gives to whoever connects: otherwise a client that tries again and again while a
    broker is down would sooner or later be given the broker's own port, talk to itself, and keep the broker out.
    Tests that run beside these have ports of their own: a port that nobody listens on yet may be another's already.
    """
    return next(_FREE)


@dataclass
class Broker:
    """A broker with a folder of its own; what it persists survives `kill` and `start`."""

    folder: Path
    port: int = field(default_factory=free_port)

    _running: subprocess.Popen[bytes] | None = field(init=False, default=None)

    @property
    def url(self) -> str:
        """Where boxes and receivers find it."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def ports(self) -> list[int]:
        """Where it listens."""
        return [self.port]

    @property
    def log(self) -> str:
        """What it has said."""
        return (self.folder / "mosquitto.log").read_text("utf-8", "replace")

    @property
    def process(self) -> int:
        """The number of the process that runs."""
        assert self._running is not None
        return self._running.pid

    def configuration(self) -> str:
        """Fill in the shipped configuration."""
        text = (_SHIPPED / "loopback.conf").read_text()
        return text.replace("PORT", str(self.port)).replace("FOLDER", str(self.folder))

    def start(self) -> "Broker":
        """Start it, and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "mosquitto.conf"
        settings.write_text(f"user {self.folder.owner()}\n{self.configuration()}")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._running = subprocess.Popen([_PROGRAM, "-c", str(settings)], stdout=log, stderr=log)
        for port in self.ports:
            self._await(port)
        return self

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; it persists what it holds."""
        self._end(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _end(self, how: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(_PATIENCE)
            self._running = None

    def _await(self, port: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                assert self._running is not None
                assert self._running.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.02)
            else:
                return


@dataclass
class ShippedBroker(Broker):
    """A broker with the configuration that `central` ships, its ports and paths moved to a folder."""

    platform_port: int = field(default_factory=free_port)
    https_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    shut_out: list[str] = field(default_factory=list)  # boxes, as websockets.conf says
    boxes: Authority = field(default_factory=lambda: Authority("Estu boxes"))
    platform: Authority = field(default_factory=lambda: Authority("Estu platform"))
    servers: Authority = field(default_factory=lambda: Authority("Estu servers"))

    @property
    def ports(self) -> list[int]:
        """Where it listens."""
        return [self.port, self.https_port, self.web_port, self.platform_port]

    @property
    def url(self) -> str:
        """Where boxes find it."""
        return f"mqtts://localhost:{self.port}"

    @property
    def platform_url(self) -> str:
        """Where receivers find it."""
        return f"mqtts://localhost:{self.platform_port}"

    @property
    def https_url(self) -> str:
        """Where boxes find it when only the web's port gets through."""
        return f"mqtts://localhost:{self.https_port}"

    @property
    def web_url(self) -> str:
        """Where boxes find it when only the web's protocol gets through."""
        return f"wss://localhost:{self.web_port}"

    @property
    def server_authority(self) -> Path:
        """What the broker's name is checked against."""
        return self.folder / "certs" / "servers-ca.crt"

    def configuration(self) -> str:
        """Move the shipped configuration's ports and paths; everything else stays as it is."""
        text = (_SHIPPED / "mosquitto.conf").read_text() + (_SHIPPED / "websockets.conf").read_text()
        ports = {8883: self.port, 443: self.https_port, 8884: self.platform_port, 9443: self.web_port}
        for shipped, port in ports.items():
            text, moved = re.subn(
                rf"^listener {shipped}$", f"listener {port} 127.0.0.1", text, flags=re.MULTILINE
            )
            assert moved == 1, f"the shipped configuration has one listener {shipped}"
        return text.replace("/etc/mosquitto", str(self.folder)).replace(
            "/var/lib/mosquitto", str(self.folder)
        )

    def start(self) -> "ShippedBroker":
        """Write its files anew, and start it."""
        certificates = self.folder / "certs"
        certificates.mkdir(parents=True, exist_ok=True)
        for name in ("boxes.acl", "platform.acl"):
            shutil.copy(_SHIPPED / name, self.folder / name)
        with (self.folder / "boxes.acl").open("a") as access:
            access.writelines(f"user {box}\ntopic deny estu/v1/{box}/#\n" for box in self.shut_out)
        self.boxes.write_certificate(certificates / "boxes-ca.crt")
        self.boxes.write_revoked(certificates / "boxes.crl")
        self.platform.write_certificate(certificates / "platform-ca.crt")
        self.servers.write_certificate(self.server_authority)
        if not (certificates / "broker.crt").exists():
            self.servers.issue("localhost", certificates / "broker.crt", certificates / "broker.key")
        super().start()
        return self
