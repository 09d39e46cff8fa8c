"""The order of one box's events: what follows what, whatever the order in which they arrive.

Rules:
- A place moves only to the event with the next number, and only if that one names the place's own hash as `prev`.
- What has a higher number waits; it is not counted, and no receipt covers it.
- The same event once more is a duplicate and changes nothing.
- Another event under a number that is taken is a fork (a copied key, a log put back from a backup). The one that came
  first keeps the number, and the other is set aside.
- An event that waited and then does not follow is set aside, and its number is free again.
- Where a box has lost events, and says so in a signed incident (device/record/continuation.py), the place goes over
  them. Those that arrived before the loss stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from central.receiver.intake import SignedEvent
from device.record.continuation import Bridge, leads
from device.record.event import NO_EVENT
from device.record.link import Link


@dataclass(frozen=True)
class Place:
    """How far a box's chain is whole: what a receipt says."""

    through: int = 0
    head: str = NO_EVENT  # hash of the event `through`, hex


@dataclass(frozen=True)
class Step:
    """An event as the chain sees it."""

    seq: int
    prev: str  # the hash of the event before, hex
    hash: str  # its own, hex


@dataclass(frozen=True)
class Arrivals:
    """Arrivals of one box, told apart."""

    fresh: list[SignedEvent] = field(default_factory=list)
    duplicates: list[SignedEvent] = field(default_factory=list)
    forks: list[SignedEvent] = field(default_factory=list)


def tell_apart(taken: Mapping[int, str], events: Iterable[SignedEvent]) -> Arrivals:
    """Say which events are new.

    Args:
        taken: The hashes of the events that are kept already, by number; at least those whose numbers are asked about.
        events: In the order of their arrival.
    """
    numbers = dict(taken)
    arrivals = Arrivals()
    for event in events:
        known = numbers.setdefault(event.seq, "")
        if not known:
            numbers[event.seq] = event.hash
            arrivals.fresh.append(event)
        elif known == event.hash:
            arrivals.duplicates.append(event)
        else:
            arrivals.forks.append(event)
    return arrivals


def advance(
    place: Place, waiting: Iterable[Step], bridges: Sequence[Bridge] = ()
) -> tuple[Place, Step | None]:
    """Follow the chain as far as it is whole.

    Args:
        place: Where it stands.
        waiting: The events after it, in the order of their numbers; read no further than needed.
        bridges: The losses that events among them declare.

    Returns:
        Where it stands then; and the event that has the next number and does not follow, if there is one.
    """
    for step in waiting:
        follows = leads(bridges, Link(place.through, place.head), Link(step.seq - 1, step.prev))
        if not follows and step.seq != place.through + 1:
            break
        if not follows:
            return place, step
        place = Place(step.seq, step.hash)
    return place, None
