"""Sets a season up: keys, certificates, settings; boxes, lines, a broker and receivers."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal, Self

from device.record.keys import Jwks
from device.record.signing_key import SigningKey
from tests.chaos import processes
from tests.chaos.broker import SeasonBroker
from tests.chaos.clock import SeasonTime, set_offset
from tests.chaos.line import Line
from tests.chaos.plan import Cast
from tests.chaos.processes import HASTY, Service
from tests.chaos.writer import Box
from tests.simulated.postgresql import PostgreSql


@dataclass(frozen=True)
class Season:
    """What is asked for."""

    folder: Path  # empty, or not there yet
    seed: int
    seconds: float  # with faults; until everything is receipted it takes some more
    events: int  # of all boxes together
    boxes: int = 4
    receivers: int = 2
    database: Literal["sqlite", "postgresql"] = "sqlite"  # the ledger's; a PostgreSQL server is made for it
    patience: float = 120.0  # seconds after the last fault until every event must have its receipt
    each: float = 0.3  # seconds between two faults, on average
    receive: Callable[[list[str], bool], object] = processes.estu_central_receive  # what receivers do


# How the boxes reach their broker, in turn. On lines in the clear messages can be doubled, and TLS is the shipped way.
_DOORS = ("clear", "tls", "clear", "web")


@dataclass
class Stage:
    """Everything that takes part."""

    season: Season

    broker: SeasonBroker = field(init=False)
    platform: SigningKey = field(init=False, default_factory=lambda: SigningKey.create(None))
    boxes: list[Box] = field(init=False, default_factory=list)
    lines: list[Line] = field(init=False, default_factory=list)
    time: SeasonTime = field(init=False)
    server: PostgreSql | None = field(init=False, default=None)
    services: dict[str, Service] = field(init=False, default_factory=dict)  # by what they are killed by
    keys: Jwks = field(init=False)
    database: str = field(init=False)  # URL
    _running: ExitStack = field(init=False, default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Make all of it, and start what the others stand on: the broker, and the database if it is a server."""
        folder = self.season.folder
        folder.mkdir(parents=True, exist_ok=True)
        self.time = SeasonTime(folder / "time")
        self.time.move_to(0.0)
        self.database = f"sqlite:///{folder.absolute() / 'ledger.sqlite'}"
        if self.season.database == "postgresql":
            self.server = self._running.enter_context(PostgreSql(durable=True))
            self.database = self.server.create()
        self.broker = SeasonBroker(folder / "broker")
        self.platform.save(folder / "platform.pem")
        (folder / "platform.jwks").write_bytes(Jwks.of([self.platform.public]).as_json())
        keys = [self._box(number) for number in range(self.season.boxes)]
        self.keys = Jwks.of(key.public for key in keys)
        (folder / "boxes.jwks").write_bytes(self.keys.as_json())
        for number in range(self.season.receivers):
            self._receiver(number)
        self._running.enter_context(self.broker)
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._running.close()

    @property
    def cast(self) -> Cast:
        """Whom a fault can befall."""
        receivers = [f"receiver-{number + 1}" for number in range(self.season.receivers)]
        legible = frozenset(line.name for line in self.lines if line.legible)
        return Cast([box.name for box in self.boxes], receivers, legible, server=self.server is not None)

    def _box(self, number: int) -> SigningKey:
        season, name = self.season, f"kz-box-{number + 1:04}"
        events = season.events // season.boxes + (number < season.events % season.boxes)
        box = Box(name, season.folder / name, season.seed, events, season.folder / "time")
        box.folder.mkdir()
        key = SigningKey.create(name)
        key.save(box.key)
        set_offset(box.clock, 0.0)
        self.broker.issue_box(name, box.folder)
        door = _DOORS[number % len(_DOORS)]
        line = self._line(name, door)
        settings = box.folder / "settings.toml"
        settings.write_text(_settings(box, _url(door, line), self.broker.server_authority.absolute()))
        # One box keeps the pace that is shipped; the others are quick, so that more can befall them.
        pace = None if season.boxes > 3 and number == 1 else HASTY
        self.boxes.append(box)
        self.services[f"writer {name}"] = processes.writer(box)
        self.services[f"sync {name}"] = processes.sync(box, settings, pace)
        return key

    def _receiver(self, number: int) -> None:
        name, folder = f"receiver-{number + 1}", self.season.folder.absolute()
        own = folder / name
        own.mkdir()
        self.broker.issue_receiver(own)
        door = "clear" if number % 2 == 0 else "platform"
        line = self._line(name, door)
        arguments = [
            *("--broker", _url(door, line), "--database", self.database),
            *("--boxes", str(folder / "boxes.jwks"), "--signing-key", str(folder / "platform.pem")),
        ]
        if not line.legible:
            arguments += ["--ca", str(self.broker.server_authority.absolute())]
            arguments += ["--certificate", str(own / "tls.crt"), "--key", str(own / "tls.key")]
        self.services[name] = processes.receiver(name, self.season.receive, arguments, own / "words")

    def _line(self, name: str, door: str) -> Line:
        ports = {
            "clear": self.broker.clear_port,
            "tls": self.broker.port,
            "web": self.broker.web_port,
            "platform": self.broker.platform_port,
        }
        line = Line(name, ports[door], Random(f"{self.season.seed} {name}"), legible=door == "clear")
        self.lines.append(line)
        return line


def _url(door: str, line: Line) -> str:
    scheme = {"clear": "mqtt", "web": "wss"}.get(door, "mqtts")
    return f"{scheme}://localhost:{line.port}"


def _settings(box: Box, url: str, authority: Path) -> str:
    tls = "" if url.startswith("mqtt:") else _TLS.format(authority=authority)
    return _SETTINGS.format(name=box.name, url=url, tls=tls)


_SETTINGS = """\
[box]
id = "{name}"

[broker]
url = "{url}"
platform_keys = "../platform.jwks"
{tls}
[paths]
log = "log.sqlite"
signing_key = "signing.pem"
"""
_TLS = """\
ca = "{authority}"
certificate = "tls.crt"
key = "tls.key"
"""
