"""A box without a log: it signs events, true ones and others, and keeps them in a list."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from device.record.event import NO_EVENT, Clock, Event, Stamp
from device.record.reports import IncidentReport, Report
from device.record.signature import EVENT_TYP, sign
from device.record.signed_event import hash_of, seal
from device.record.signing_key import SigningKey

BOOT = "0f9c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b"
BEGIN = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)


@dataclass
class SigningBox:
    """Writes a chain of events."""

    name: str = "kz-ala-0001"
    key: SigningKey = None  # type: ignore[assignment]  # made below, since it needs the name
    events: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make its key."""
        if self.key is None:
            self.key = SigningKey.create(self.name)

    @property
    def head(self) -> str:
        """The hash of the last event."""
        return hash_of(self.events[-1]) if self.events else NO_EVENT

    def write(self, count: int = 1) -> list[bytes]:
        """Write events that follow the last."""
        written = []
        for _ in range(count):
            self.events.append(self.signed(len(self.events) + 1, self.head))
            written.append(self.events[-1])
        return written

    def signed(
        self,
        seq: int,
        prev: str,
        text: str = "The microphone is gone.",
        report: Report | None = None,
        time: datetime | None = None,
        state: str = "synchronised",
    ) -> bytes:
        """Sign an event that may stand anywhere."""
        report = report or IncidentReport("microphone-lost", text, {"number": seq})
        stamp = Stamp(Clock(state, 12), BOOT, float(seq))  # type: ignore[arg-type]
        return seal(
            Event(self.name, seq, prev, time or BEGIN + timedelta(seconds=seq), report, stamp), self.key
        )

    def sign_text(self, payload: bytes) -> bytes:
        """Sign bytes, whatever they are."""
        return sign(payload, EVENT_TYP, self.key)
