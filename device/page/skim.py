"""Reading of an event what the page shows of it, a hundred times quicker than in full.

The contract is read strictly where something is proved (`device/record`). Here a box shows what it wrote itself, up to
some ten thousand events at a time on a small computer, so only what is shown is looked at.
"""

from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from device.errors import Refused
from device.host.clock import ClockState
from device.record.log_reader import Stored
from device.record.signature import unverified_payload


class Clock(msgspec.Struct, frozen=True):
    """How far the event's times can be trusted."""

    state: ClockState


class Creator(msgspec.Struct, frozen=True):
    """Someone who has a share in a work."""

    name: str
    role: str | None


class Work(msgspec.Struct, frozen=True):
    """A composition."""

    iswc: str | None
    title: str
    creators: tuple[Creator, ...]


class Recording(msgspec.Struct, frozen=True):
    """A published sound recording."""

    id: str
    isrc: str | None
    title: str
    artist: str | None


class Play(msgspec.Struct, frozen=True):
    """One recording heard from here to there."""

    status: str  # identified or candidate
    recording: Recording
    works: tuple[Work, ...]
    start: datetime  # UTC
    end: datetime  # UTC
    seconds_heard: float
    model: str  # digest
    catalogue: str  # digest
    ai_generated: bool
    clock: Clock

    @property
    def sure(self) -> bool:
        """Say whether it was identified; what was not waits for a person."""
        return self.status == "identified"

    def later(self, by: timedelta) -> "Play":
        """Give it with its times corrected."""
        return msgspec.structs.replace(self, start=self.start + by, end=self.end + by)


class CoverageSeconds(msgspec.Struct, frozen=True):
    """How a stretch of time was spent, in seconds: listened, lost, deaf or muted. The others are parts of `listened`."""

    listened: float
    silent: float
    lost: float
    deaf: float
    muted: float = 0.0
    covered: float | None = None

    @property
    def heard(self) -> float:
        """Seconds in which music would have been heard."""
        return max(0.0, self.listened - (self.covered or 0.0))

    @property
    def unheard(self) -> float:
        """Seconds in which it would not, though nobody had muted the box."""
        return self.lost + self.deaf + (self.covered or 0.0)


class Coverage(msgspec.Struct, frozen=True):
    """What could be heard in a period."""

    start: datetime  # UTC
    end: datetime  # UTC
    seconds: CoverageSeconds

    def later(self, by: timedelta) -> "Coverage":
        """Give it with its times corrected."""
        return msgspec.structs.replace(self, start=self.start + by, end=self.end + by)


class Incident(msgspec.Struct, frozen=True):
    """Something happened that bears on what could be heard."""

    code: str
    text: str
    detail: dict[str, Any] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be called in `words.INCIDENTS`, the closest first: nothing changed where nothing was before."""
        first = self.code.endswith("-changed") and self.detail.get("before", "") is None
        return (f"{self.code}-first", self.code) if first else (self.code,)


class Boot(msgspec.Struct, frozen=True):
    """The box began to listen."""

    software: str
    model: str
    catalogue: str | None
    off_seconds: float | None


Shown = TypeVar("Shown", Play, Coverage, Incident, Boot)


class _Event(msgspec.Struct, frozen=True):
    data: msgspec.Raw


def skim(row: Stored, kind: type[Shown]) -> Shown | None:
    """Read an event of the box's own log; None if its row is damaged."""
    try:
        event = msgspec.json.decode(unverified_payload(row.jws), type=_Event)
        return msgspec.json.decode(event.data, type=kind)
    except (Refused, ValueError, RecursionError):
        return None
