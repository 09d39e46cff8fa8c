"""How a chain goes on after events that its box has lost: part of the contract.

Rules:
- A number is given once. Events that a card has lost keep theirs, and the chain goes on behind them.
- The loss is signed: an incident `log-continued` names each lost stretch, from the last place before it that the box
  still has to the place that the event after it follows. Nothing but such an incident makes a gap in a chain whole.
- Whoever has events of the stretch keeps them: they are as good as ever. Whoever lacks them goes on without.
- A box that learns by a receipt that its log had lost its end, and that it has given numbers a second time, takes the
  platform's place for its own and writes once more what it wrote under those numbers (`repeated`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from device.errors import Refused
from device.record import limits
from device.record.link import Link
from device.record.reports import Digest, IncidentReport, Report, Seq
from device.record.shape import Many, read, write

CODE = "log-continued"


@dataclass(frozen=True)
class Bridge:
    """A stretch of lost events, and where the chain goes on behind it."""

    after: Link  # the last place before it that the box still has
    through: Link  # its last number, and the hash that the next event names as the one before it

    @property
    def numbers(self) -> range:
        """The numbers lost."""
        return range(self.after.seq + 1, self.through.seq + 1)

    def begins_at(self, place: Link) -> bool:
        """Say whether a chain that is whole up to a place can go over it.

        Args:
            place: Where it begins, or somewhere on the stretch, for who reads may have more than the box.
        """
        return place == self.after or self.after.seq < place.seq <= self.through.seq


@dataclass(frozen=True)
class Repeated:
    """Numbers that were given twice, and where their second events stand once more."""

    from_: Seq
    to: Seq
    first: Seq  # the event `from` stands here again, the others behind it in their order
    after: Digest  # hash of the event before `from`: where the two branches part


@dataclass(frozen=True)
class Continuation:
    """What an incident `log-continued` says in its `detail`."""

    lost: Annotated[tuple[Bridge, ...], Many(limits.BRIDGES)]
    repeated: Repeated | None


def incident(lost: Sequence[Bridge], repeated: Repeated | None = None) -> IncidentReport:
    """Make the incident that declares a loss.

    Args:
        lost: At most `limits.BRIDGES` stretches.
        repeated: What stands in the log a second time, if anything does.
    """
    stretches = ", ".join(_words(bridge.numbers) for bridge in lost)
    text = f"Events {stretches} can no longer be read here; the log goes on behind them."
    return IncidentReport(CODE, text, write(Continuation(tuple(lost), repeated)))


def continuation(report: Report) -> Continuation | None:
    """Give what an event says of a loss, or None if it is no such incident, or one without a proper form."""
    if not isinstance(report, IncidentReport):
        return None
    return read_incident({"code": report.code, "detail": report.detail})


def read_incident(content: Any) -> Continuation | None:
    """Do the same with the `data` of an event as JSON has it."""
    if (
        not isinstance(content, dict)
        or content.get("code") != CODE
        or not isinstance(content.get("detail"), dict)
    ):
        return None
    try:
        return read(Continuation, content["detail"])
    except Refused:
        return None


def leads(bridges: Iterable[Bridge], place: Link, goal: Link) -> bool:
    """Say whether bridges lead from one place to another.

    Args:
        bridges: All that were declared.
        place: How far a chain is whole.
        goal: The place that the next event there is follows.
    """
    left = [bridge for bridge in bridges if bridge.through.seq <= goal.seq]
    while place != goal:
        bridge = next((bridge for bridge in left if bridge.begins_at(place)), None)
        if bridge is None:
            return False
        left.remove(bridge)
        place = bridge.through
    return True


def _words(numbers: range) -> str:
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
