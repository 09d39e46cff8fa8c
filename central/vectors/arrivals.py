"""Deliveries one after the other, and what the receiver says to each: order, gaps, duplicates, forks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from central.vectors.keys import BOX, BOX_KEY, OTHER_BOX_KEY
from central.vectors.reports import BOOT, COVERAGE, FIRST_BOOT, INCIDENT, PLAY
from central.vectors.writing import PREVIOUS, chain, event, payload, signed
from device.record.continuation import Bridge, incident
from device.record.event import NO_EVENT
from device.record.link import Link
from device.record.reports import Report
from device.record.signed_event import hash_of, seal

REPORTS: list[Report] = [FIRST_BOOT, COVERAGE, PLAY, INCIDENT, BOOT]


@dataclass(frozen=True)
class Step:
    """One delivery, and how things stand after it."""

    jws: bytes
    outcome: (
        str  # `whole`, `waits`, `duplicate`, `objected` or `aside`, as the README of the vectors has them
    )
    through: int  # the chain of its box is whole up to this number
    head: str  # hash of that event; NO_EVENT for none
    set_aside: tuple[tuple[bytes, str], ...] = ()  # what went to quarantine with it, and why
    box: str = BOX


@dataclass(frozen=True)
class Arrivals:
    """One evening at the platform, beginning with nothing."""

    name: str
    about: str
    steps: tuple[Step, ...]


def all_arrivals() -> Iterator[Arrivals]:
    """Give all of them."""
    one, two, three, four, five = chain(REPORTS)
    heads = {number: hash_of(jws) for number, jws in enumerate((one, two, three, four, five), 1)} | {
        0: NO_EVENT
    }

    def step(jws: bytes, outcome: str, through: int, *aside: tuple[bytes, str], head: str = "") -> Step:
        return Step(jws, outcome, through, head or heads[through], tuple(aside))

    yield Arrivals(
        "in-order",
        "As a box sends them.",
        tuple(step(jws, "whole", number) for number, jws in enumerate((one, two, three, four, five), 1)),
    )
    yield Arrivals(
        "any-order",
        "What comes early waits; what comes again changes nothing.",
        (
            step(three, "waits", 0),
            step(one, "whole", 1),
            step(one, "duplicate", 1),
            step(five, "waits", 1),
            step(three, "duplicate", 1),
            step(two, "whole", 3),
            step(four, "whole", 5),
            step(five, "duplicate", 5),
        ),
    )
    yield Arrivals(
        "gap",
        "An event is missing: no receipt covers what comes after it, and nothing of it is set aside.",
        (step(one, "whole", 1), step(three, "waits", 1), step(four, "waits", 1)),
    )
    second = seal(event(2, heads[1], INCIDENT), BOX_KEY)
    yield Arrivals(
        "fork",
        "Two events have one number: a copied key, or a log put back from a backup. The first one keeps it.",
        (
            step(one, "whole", 1),
            step(two, "whole", 2),
            step(second, "aside", 2, (second, "event-fork")),
            step(three, "whole", 3),
        ),
    )
    stray = seal(event(3, PREVIOUS, INCIDENT), BOX_KEY)
    yield Arrivals(
        "broken",
        "An event that waited does not follow the one before it when that comes; its number is free again.",
        (
            step(one, "whole", 1),
            step(stray, "waits", 1),
            step(two, "whole", 2, (stray, "chain-broken")),
            step(three, "whole", 3),
        ),
    )
    early = signed(payload(event(2)) | _FIRST)
    yield Arrivals(
        "false-beginning",
        "The first event names one before it.",
        (step(early, "aside", 0, (early, "chain-broken")), step(one, "whole", 1)),
    )
    spoilt = signed(payload(event(2, heads[1])) | {"type": "kz.estu.applause.v1"})
    after = seal(event(3, hash_of(spoilt), INCIDENT), BOX_KEY)
    yield Arrivals(
        "objected",
        "An event of the box that the schema does not allow keeps its place: later ones do not wait behind it for ever.",
        (
            step(one, "whole", 1),
            step(spoilt, "objected", 2, (spoilt, "event-schema"), head=hash_of(spoilt)),
            step(after, "whole", 3, head=hash_of(after)),
        ),
    )
    lost = Bridge(Link(1, heads[1]), Link(3, heads[3]))
    declared = seal(event(5, heads[4], incident([lost])), BOX_KEY)
    yield Arrivals(
        "loss-declared",
        "The second and the third were lost on the box; the fifth says so, and the place goes over them.",
        (
            step(one, "whole", 1),
            step(four, "waits", 1),
            step(declared, "whole", 5, head=hash_of(declared)),
        ),
    )
    other = chain([FIRST_BOOT, PLAY], OTHER_BOX_KEY)
    yield Arrivals(
        "two-boxes",
        "Each box has a chain of its own.",
        (
            step(one, "whole", 1),
            Step(other[0], "whole", 1, hash_of(other[0]), box=OTHER_BOX_KEY.box or ""),
            step(two, "whole", 2),
            Step(other[1], "whole", 2, hash_of(other[1]), box=OTHER_BOX_KEY.box or ""),
        ),
    )


_FIRST: dict[str, Any] = {"seq": 1, "id": f"{BOX}/1"}  # with a `prev` that no first event has
