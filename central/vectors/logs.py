"""Exports of logs, whole and spoilt: each with what a verification finds, or the first fault."""

from collections.abc import Iterator
from dataclasses import dataclass

from central.vectors.arrivals import REPORTS
from central.vectors.keys import BOX_KEY, OTHER_BOX, OTHER_BOX_KEY, OTHER_PLATFORM_KEY, UNREGISTERED_KEY
from central.vectors.receipts import receipt
from central.vectors.reports import INCIDENT
from central.vectors.writing import chain, event, payload, signed
from device.record.continuation import Bridge, incident
from device.record.event import NO_EVENT
from device.record.link import START, Link
from device.record.signed_event import hash_of, seal
from device.record.verification import Reason


@dataclass(frozen=True)
class Log:
    """One export."""

    name: str
    about: str
    lines: tuple[bytes, ...]
    events: int  # whole and in order, before the fault if there is one
    receipted: int = 0  # the number in the last receipt that could be checked
    fault: tuple[int, Reason] | None = (
        None  # the first: the number that should stand there, and what is wrong
    )
    after: Link | None = None  # the place that the first event must follow, if known
    head: Link | None = None  # a place that the events must reach, if somebody knows one
    lost: int = 0  # events between them that the box itself has lost, and says so


def all_logs() -> Iterator[Log]:
    """Give all of them."""
    events = chain(REPORTS)
    yield from _whole(events)
    yield from _events_spoilt(events)
    yield from _order_spoilt(events)
    yield from _receipts_spoilt(events)
    yield from _lost(events)


def _place(events: list[bytes], seq: int) -> Link:
    return Link(seq, hash_of(events[seq - 1]) if seq else NO_EVENT)


def _whole(events: list[bytes]) -> Iterator[Log]:
    fourth = receipt(4, hash_of(events[3]))
    yield Log("whole", "A receipt for four events, then five events.", (fourth, *events), 5, 4)
    yield Log("without-receipt", "Events that nobody has receipted.", tuple(events), 5)
    yield Log("nothing", "No events.", (), 0)
    yield Log(
        "line-ends",
        "Lines may end as Windows ends them.",
        tuple(line + b"\r" for line in (fourth, *events)),
        5,
        4,
    )
    rest, place = tuple(events[2:]), _place(events, 2)
    yield Log(
        "later-part", "What is left after the first two were let go.", (fourth, *rest), 3, 4, after=place
    )
    yield Log("from-anywhere", "The same, when nobody says where it begins.", (fourth, *rest), 3, 4)
    yield Log(
        "receipt-of-nothing", "A platform that has none of them yet.", (receipt(0, NO_EVENT), *events), 5, 0
    )


def _events_spoilt(events: list[bytes]) -> Iterator[Log]:
    def spoilt(name: str, about: str, line: bytes, reason: Reason) -> Log:
        return Log(name, about, (*events[:2], line, *events[3:]), 2, fault=(3, reason))

    header, content, signature = events[2].split(b".")
    altered = header + b"." + content[:-8] + b"AAAAAAAA." + signature
    prev = hash_of(events[1])
    yield spoilt("torn", "A line is half a line.", events[2][:200], Reason.TORN)
    yield spoilt("altered", "An event was altered.", altered, Reason.ALTERED)
    forged = seal(event(3, prev, INCIDENT, key=UNREGISTERED_KEY), UNREGISTERED_KEY)
    yield spoilt(
        "wrong-key", "An event is signed with a key that nobody registered.", forged, Reason.WRONG_KEY
    )
    claims = signed(payload(event(3, prev, box=OTHER_BOX)))
    yield spoilt("names-another", "The box has signed an event of another.", claims, Reason.WRONG_KEY)
    others = seal(event(3, prev, INCIDENT, key=OTHER_BOX_KEY), OTHER_BOX_KEY)
    yield spoilt("other-box", "A whole event of another box.", others, Reason.OTHER_BOX)
    unknown = signed(payload(event(3, prev)) | {"type": "kz.estu.applause.v1"})
    yield spoilt("malformed", "Truly signed, and not of the contract.", unknown, Reason.MALFORMED)
    instead = seal(event(3, prev, INCIDENT), BOX_KEY)
    yield Log(
        "replaced",
        "The box's key has signed another third event: the fourth does not follow it.",
        (*events[:2], instead, *events[3:]),
        3,
        fault=(4, Reason.INSERTED),
    )


def _order_spoilt(events: list[bytes]) -> Iterator[Log]:
    one, two, three, four, five = events
    yield Log("removed", "The third is missing.", (one, two, four, five), 2, fault=(3, Reason.REMOVED))
    yield Log(
        "beginning-removed", "The first is missing.", (two, three), 0, fault=(1, Reason.REMOVED), after=START
    )
    yield Log(
        "reordered",
        "The third stands after the fourth.",
        (one, two, four, three, five),
        2,
        fault=(3, Reason.REORDERED),
    )
    yield Log(
        "repeated", "The second stands there twice.", (one, two, two, three), 2, fault=(3, Reason.REPEATED)
    )
    second = seal(event(2, hash_of(one), INCIDENT), BOX_KEY)
    yield Log(
        "inserted", "There are two second events.", (one, two, second, three), 2, fault=(3, Reason.INSERTED)
    )
    other_place = Link(2, hash_of(second))
    yield Log(
        "other-beginning",
        "The third follows another second event.",
        (three, four),
        0,
        fault=(3, Reason.INSERTED),
        after=other_place,
    )
    yield Log(
        "head-missing",
        "Somebody knows of a fifth.",
        (one, two, three, four),
        4,
        fault=(5, Reason.REMOVED),
        head=_place(events, 5),
    )


def _receipts_spoilt(events: list[bytes]) -> Iterator[Log]:
    fourth = hash_of(events[3])
    cut = tuple(events[:3])
    yield Log(
        "end-cut", "The receipt knows of a fourth.", (receipt(4, fourth), *cut), 3, fault=(4, Reason.REMOVED)
    )
    other = receipt(4, "d0" * 32)
    yield Log(
        "receipt-of-another-chain",
        "The receipt names another fourth.",
        (other, *events),
        3,
        fault=(4, Reason.INSERTED),
    )
    forged = receipt(4, fourth, key=OTHER_PLATFORM_KEY)
    yield Log(
        "receipt-forged",
        "The receipt is not the platform's.",
        (forged, *events),
        0,
        fault=(0, Reason.RECEIPT),
    )
    others = receipt(4, fourth, box=OTHER_BOX)
    yield Log(
        "receipt-of-another-box",
        "The receipt is for another box.",
        (others, *events),
        0,
        fault=(4, Reason.RECEIPT),
    )
    two = (receipt(4, fourth), receipt(4, "d0" * 32))
    yield Log(
        "receipts-differ",
        "Two receipts name different fourths.",
        (*two, *events),
        0,
        fault=(4, Reason.RECEIPT),
    )


def _lost(events: list[bytes]) -> Iterator[Log]:
    """Give logs whose box lost the third event, or the third and the fourth, and went on behind them."""
    third, fourth = _place(events, 3), _place(events, 4)
    bridge = Bridge(_place(events, 2), third)
    declared = seal(event(5, fourth.hash, incident([bridge])), BOX_KEY)
    yield Log(
        "loss-declared",
        "The third was lost; the fifth, a signed incident, says so.",
        (*events[:2], events[3], declared),
        4,
        lost=1,
    )
    yield Log(
        "loss-that-the-reader-has",
        "The box has lost the third; who reads has it all the same.",
        (*events[:4], declared),
        5,
    )
    two = Bridge(_place(events, 2), fourth)
    after = seal(event(5, fourth.hash, incident([two])), BOX_KEY)
    yield Log("two-lost", "The declaration itself stands behind the gap.", (*events[:2], after), 3, lost=2)
    other = seal(event(5, fourth.hash, incident([Bridge(_place(events, 1), _place(events, 2))])), BOX_KEY)
    yield Log(
        "another-loss-declared",
        "The incident speaks of another stretch.",
        (*events[:2], events[3], other),
        2,
        fault=(3, Reason.REMOVED),
    )
    spelt = payload(event(5, fourth.hash, incident([bridge])))
    spelt["data"]["detail"]["lost"][0]["after"]["seq"] = "2"
    yield Log(
        "loss-misspelt",
        "What the incident says of the loss has not its form, and counts for nothing.",
        (*events[:2], events[3], signed(spelt)),
        2,
        fault=(3, Reason.REMOVED),
    )
