"""The box's account of an evening: the plays that it wrote into its log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

IDENTIFIED = "identified"


@dataclass(frozen=True)
class Entry:
    """One play as the box wrote it down."""

    recording: str  # its id in the catalogue
    title: str
    status: str  # identified or candidate
    start: float  # seconds in the evening
    end: float  # seconds in the evening
    reference_start: float  # seconds in the recording that sound at `start`
    score: float
    seq: int  # number of the event

    @property
    def identified(self) -> bool:
        """Whether it counts."""
        return self.status == IDENTIFIED


def entry(event: dict[str, Any], evening_begins: datetime) -> Entry:
    """Read a play event.

    Args:
        event: The CloudEvent.
        evening_begins: The instant at which the evening's first sample sounded.
    """
    play = event["data"]
    recording = play["recording"]

    def second(name: str) -> float:
        return (datetime.fromisoformat(play[name]) - evening_begins).total_seconds()

    return Entry(
        recording=recording["id"],
        title=recording.get("title") or recording["id"],
        status=play["status"],
        start=second("start"),
        end=second("end"),
        reference_start=play["reference_start"],
        score=play["score"],
        seq=event["seq"],
    )
