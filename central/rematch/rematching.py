"""Stored `unidentified` events against a catalogue: by the very matcher that the box hears with.

An event's embeddings are heard one after the other, as a box would hear them; what was left out when it was written is left
out here. An event of another model is not comparable, and is counted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from central.receiver.account import Account, CountedEvent
from device.catalogue.catalogue import Catalogue
from device.embedding import dequantise
from device.features import PARAMETERS
from device.match.background import Background
from device.match.calibration import Calibration
from device.match.chance import Chance
from device.match.matcher import Matcher
from device.play import Play, Plays
from device.record.event import Event, decode
from device.record.reports import UnidentifiedReport
from device.record.signature import unverified_payload

UNIDENTIFIED = "kz.estu.unidentified.v1"
_AT_ONCE = 500  # events read from the ledger together


@dataclass(frozen=True)
class Found:
    """A recording that sounded in music which a box could not identify."""

    box: str
    seq: int  # of the box's event
    hash: str  # of that event, hex
    status: str  # identified or candidate, by the thresholds of the catalogue
    recording: str  # its id
    title: str | None
    artist: str | None
    isrc: str | None
    alternatives: tuple[str, ...]  # ids of recordings that sound the same
    start: datetime  # UTC
    end: datetime  # UTC
    reference_start: float  # seconds in the recording that sound at `start`
    score: float
    false_alarms: float  # times an hour that unknown sound scores so much
    catalogue: str  # digest


@dataclass
class Tally:
    """How many events there were."""

    tried: int = 0
    other_model: int = 0  # of a model that is not the catalogue's


@dataclass(frozen=True)
class Rematcher:
    """A catalogue, and how the model's similarities are read."""

    catalogue: Catalogue
    background: Background
    calibration: Calibration
    chance: Chance

    def rematch(self, events: Iterable[CountedEvent], tally: Tally) -> Iterator[Found]:
        """Match events, and count them.

        Args:
            events: Of the type `unidentified`, as the ledger has them; their signatures were verified when they came.
            tally: Counts them.
        """
        for stored in events:
            event = decode(unverified_payload(stored.jws))
            if not isinstance(event.report, UnidentifiedReport):
                continue
            if event.report.model != self.catalogue.manifest.model:
                tally.other_model += 1
                continue
            tally.tried += 1
            for play in self._plays(event.report):
                yield self._found(play, event, event.report, stored.hash)

    def _plays(self, report: UnidentifiedReport) -> list[Play]:
        thresholds = self.catalogue.thresholds
        matcher = Matcher(self.catalogue, self.background, self.calibration, report.hop, PARAMETERS.seconds)
        plays = Plays(thresholds.accept, thresholds.candidate)
        rows = np.frombuffer(report.embeddings, dtype=np.int8).reshape(-1, report.dimension)
        ended: list[Play] = []
        for number in np.flatnonzero(rows.any(axis=1)).tolist():
            position = number * report.hop
            ended += plays.hear(position, matcher.hear(position, dequantise(rows[number])))
        return ended + plays.finish()

    def _found(self, play: Play, event: Event, report: UnidentifiedReport, digest: str) -> Found:
        recording = self.catalogue.recording(play.recording)
        return Found(
            box=event.box,
            seq=event.seq,
            hash=digest,
            status=play.status.value,
            recording=recording.id,
            title=recording.title,
            artist=recording.artist,
            isrc=recording.isrc,
            alternatives=tuple(self.catalogue.recording(one).id for one in play.best.alternatives),
            start=report.start + timedelta(seconds=play.start),
            end=report.start + timedelta(seconds=play.end),
            reference_start=round(play.reference_start, 2),
            score=round(play.best.score, 4),
            false_alarms=self.chance.per_hour(play.best.score),
            catalogue=self.catalogue.digest,
        )


def stored(account: Account, boxes: Iterable[str], since: datetime | None) -> Iterator[CountedEvent]:
    """Read the `unidentified` events that count.

    Args:
        account: The ledger's.
        boxes: Whose.
        since: Only what was written then or later; None: all.
    """
    for name in boxes:
        after = 0
        while page := account.counted(name, after, _AT_ONCE, UNIDENTIFIED):
            after = page[-1].seq
            yield from (one for one in page if since is None or datetime.fromisoformat(one.time) >= since)
