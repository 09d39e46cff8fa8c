"""What a season came to, as `build/chaos/summary.json` has it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos.plan import Kind
from tests.chaos.season import Outcome
from tests.chaos.stage import Season
from tests.chaos.verdict import Verdict


@dataclass(frozen=True)
class Summary:
    """The figures."""

    sound: bool  # nothing is wrong
    seed: int
    boxes: int
    receivers: int
    database: str  # sqlite or postgresql
    events: int  # committed by all boxes
    lost: int  # of them, not counted by the platform
    doubled: int  # counted more than once
    foreign: int  # counted, and never committed
    quarantined: int  # set aside by the platform
    faults: dict[str, int]  # that happened, by kind
    seconds: float
    healing_seconds: float  # from the last fault until everything was receipted
    findings: list[str]  # what is wrong, in words

    @classmethod
    def of(cls, season: Season, outcome: Outcome, verdict: Verdict) -> "Summary":
        """Sum up."""
        return cls(
            sound=verdict.sound,
            seed=season.seed,
            boxes=season.boxes,
            receivers=season.receivers,
            database=season.database,
            events=verdict.events,
            lost=verdict.lost,
            doubled=verdict.doubled,
            foreign=verdict.foreign,
            quarantined=verdict.quarantined,
            faults={kind.value: outcome.happened[kind] for kind in Kind},
            seconds=round(outcome.seconds, 1),
            healing_seconds=round(outcome.healing, 1),
            findings=list(verdict.findings),
        )

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")
