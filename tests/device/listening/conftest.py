"""A box whose loop is real but for the recognition, which is made up, and what comes in through its microphone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from device.account import Account
from device.bulletin import Bulletin
from device.catalogue.catalogue import Catalogue
from device.coverage import CoverageCount
from device.errors import Waiting
from device.features import PARAMETERS
from device.gate import Heard as GateHeard
from device.host.clock import Instant
from device.listening import Ear, listen
from device.match.match import Match
from device.mute import Mute
from device.play import Plays
from device.record.event import Event
from device.record.log import EventLog
from device.record.reports import CoverageReport
from device.record.signing_key import SigningKey
from device.renewal import Renewal
from device.sound.block import Absence, Arrival, Block
from device.sound.cutter import Cutter
from device.sound.deafness import Deafness
from device.under_way import UnderWayFile
from device.unidentified import Unidentified
from device.vigil import Vigil
from tests.device.catalogue.made_up import MODEL, reference, write_catalogue
from tests.device.catalogue.made_up import PARAMETERS as FEATURES

BOX, BOOT, NEXT_BOOT = (
    "abai-1",
    "3cf6d579-34f6-4769-b05c-5739868a08d2",
    "aaaaaaaa-34f6-4769-b05c-5739868a08d2",
)
EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
BEGAN = 5_000.0  # monotonic seconds
RATE, HOP = PARAMETERS.sample_rate, 0.5
GONE = Waiting("microphone-gone", "It gives nothing any more.", "Check its plug.")


class LevelModel:
    """Embeds a segment as how loud it is."""

    def embed(self, spectrogram: np.ndarray) -> np.ndarray:
        return np.array([[float(spectrogram.mean())]], dtype=np.float32)


class LoudMatcher:
    """Hears the first recording of the catalogue, on one line, wherever there is sound."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def hear(self, position: float, _embedding: np.ndarray) -> list[Match]:
        self.asked.append(position)
        return [Match(0, position, position + PARAMETERS.seconds, position, 1.0, 20.0, 4, 4, 2, None)]


@dataclass
class Box:
    """A box whose services start and end, and a hall's clock that goes on with what arrives."""

    folder: Path
    catalogue: Catalogue
    key: SigningKey = field(default_factory=lambda: SigningKey.create(BOX))
    monotonic: float = BEGAN
    boot: str = BOOT
    utc: datetime = EVENING
    muted: Mute | None = None
    matcher: LoudMatcher = field(default_factory=LoudMatcher)
    gate: object = None
    renewal: Renewal | None = None

    def now(self) -> Instant:
        return Instant(self.utc, self.monotonic, self.boot, "synchronised", 12)

    def hear(self, script: Callable[["Box"], Iterator[Arrival]]) -> None:
        """Run the service until the script ends."""
        with EventLog.open(self.folder / "log.sqlite", BOX, self.key) as log:
            account = Account(log, self, self.catalogue, MODEL, self.catalogue.thresholds)
            plays = Plays(15.0, 5.0)
            under_way = UnderWayFile(self.folder / "under-way.json")
            if (kept := under_way.read()) is not None:
                plays.go_on(account.take_up(kept))
            ear = Ear(
                vigil=Vigil(self.monotonic, account.incident, Deafness(), lambda: self.muted),
                cutter=Cutter(PARAMETERS.window, round(HOP * RATE), RATE),
                model=LevelModel(),  # type: ignore[arg-type]
                matcher=self.matcher,  # type: ignore[arg-type]
                plays=plays,
                coverage=CoverageCount(900.0),
                account=account,
                bulletin=Bulletin(self.folder / "run/hearing.json", self),
                under_way=under_way,
                gate=self.gate,  # type: ignore[arg-type]
                unidentified=Unidentified(HOP, PARAMETERS.seconds, 5.0) if self.gate else None,
                clock_watch=None,
                renewal=self.renewal,
            )
            listen(script(self), ear)

    def pass_on(self, seconds: float) -> None:
        self.monotonic += seconds
        self.utc += timedelta(seconds=seconds)

    @property
    def events(self) -> list[Event]:
        with EventLog.read(self.folder / "log.sqlite") as log:
            return [stored.event for stored in log.events(0, 10_000)]

    def reports(self, kind: type) -> list:
        return [event.report for event in self.events if isinstance(event.report, kind)]


class Stream:
    """Gives a box sound and silence, in blocks of half a second, and absences."""

    def __init__(self, box: Box) -> None:
        self.box, self.at = box, 0.0
        self.rng = np.random.default_rng(1)

    def sound(self, seconds: float, level: float = 0.1) -> Iterator[Block]:
        for _ in range(round(seconds * 2)):
            samples = (level * self.rng.standard_normal(RATE // 2)).astype(np.float32)
            self.box.pass_on(0.5)
            yield Block(samples, RATE, round(self.at * RATE), 0, self.box.monotonic)
            self.at += 0.5

    def quiet(self, seconds: float) -> Iterator[Block]:
        return self.sound(seconds, level=1e-5)

    def absence(self, seconds: float) -> Iterator[Absence]:
        for _ in range(round(seconds)):
            self.box.pass_on(1.0)
            self.at += 1.0
            yield Absence(self.at, self.box.monotonic, GONE)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    write_catalogue(tmp_path / "catalogue", [[reference("abai", 5, 1), reference("bayan", 3, 2)]])
    with Catalogue.open(tmp_path / "catalogue", MODEL, FEATURES) as catalogue:
        yield Box(tmp_path, catalogue)


def seconds(report: CoverageReport) -> dict[str, float]:
    told = {name: getattr(report.seconds, name) for name in ("listened", "deaf", "muted", "lost", "silent")}
    return {name: value for name, value in told.items() if value}


class MusicGate:
    """Takes everything for music, and says so surely."""

    def hear(self, _spectrogram: np.ndarray) -> list[GateHeard]:
        return [GateHeard(0.99, 0.01, 0.5, 0.5)]
