"""Verification: whether events are all there, as signed, in order; for a log, an export and the platform alike.

What it can show, and what not:
- An event altered, removed, inserted, swapped or cut anywhere between the first and the last given shows, always.
- That the last ones were taken away shows only against what somebody else knows: a receipt, or the head that is
  handed in. Of events that the platform never saw, no arithmetic can say that there were more.
- That the first ones were taken away shows against the place after which the events are said to begin.
- Events that the box itself has lost are no fault where a later event of the chain declares them (continuation.py);
  they are counted, and how many they are is part of what was found.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain as chain_of

from device.errors import Refused
from device.record.continuation import Bridge, continuation, leads
from device.record.event import Event
from device.record.keys import Jwks
from device.record.link import Link
from device.record.receipt import Receipt, unseal_receipt
from device.record.signed_event import hash_of, unseal


class Reason(StrEnum):
    """What is wrong at the first place where something is."""

    TORN = "torn"  # no signed text at all: cut, or damaged beyond reading
    ALTERED = "altered"  # not the bytes that were signed
    WRONG_KEY = "wrong-key"  # signed with a key that is unknown, or another box's
    OTHER_BOX = "other-box"  # a whole event, of another box
    MALFORMED = "malformed"  # truly signed, but no event of the contract
    REMOVED = "removed"  # the event that should stand here is nowhere
    REORDERED = "reordered"  # the event that should stand here comes later
    REPEATED = "repeated"  # an event stands here a second time
    INSERTED = "inserted"  # truly signed, but the chain does not lead through it
    RECEIPT = "receipt"  # a receipt that is not the platform's, or not of this chain


_REASONS = {
    "jws-malformed": Reason.TORN,
    "signature-wrong": Reason.ALTERED,
    "key-unknown": Reason.WRONG_KEY,
    "event-other-box": Reason.WRONG_KEY,
}


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong; of what comes after it, nothing is said."""

    seq: int  # the number that should stand there; 0 where nothing before it says which
    reason: Reason
    words: str  # a sentence for people


@dataclass(frozen=True)
class Verification:
    """What was found."""

    box: str | None  # whose events they are; None where there are none
    events: int  # whole and in order, before the fault if there is one
    first: Link | None  # the first of them
    last: Link | None  # the last of them
    began: datetime | None  # when the first was written, by the box's clock
    ended: datetime | None  # when the last was
    receipt: Receipt | None  # the latest of the platform's that was checked against them
    fault: Fault | None
    lost: int = 0  # numbers between the first and the last whose events the box has lost, and says so

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None

    @property
    def beyond_receipt(self) -> int:
        """Count the events at the end that no receipt vouches for: were more cut off, it would not show."""
        if self.last is None:
            return 0
        return min(
            self.events + self.lost, max(0, self.last.seq - (self.receipt.through if self.receipt else 0))
        )


NOTHING = Verification(None, 0, None, None, None, None, None, None)


def verify(
    events: Iterable[bytes],
    boxes: Jwks,
    *,
    after: Link | None = None,
    head: Link | None = None,
    receipts: Iterable[bytes] = (),
    platform: Jwks | None = None,
) -> Verification:
    """Check events one by one until the first fault.

    Args:
        events: The signed bytes, oldest first. They are read once, and none is kept.
        boxes: The keys of the boxes, each naming its box.
        after: The place that the first event must follow; None takes any beginning.
        head: A place that the events must reach, if somebody knows one.
        receipts: The platform's receipts for these events.
        platform: The platform's keys; without them receipts are not looked at.
    """
    chain = _Chain(boxes, after)
    rest = iter(events)
    jws = b""
    try:
        if platform is not None:
            chain.expect(receipts, platform)
        if head is not None:
            chain.heads[head.seq] = head.hash
        for jws in rest:
            chain.take(jws)
        chain.end()
    except _Found as found:
        if chain.gaps:  # nothing behind an undeclared gap counts
            gap = chain.gaps[0]
            fault = Fault(gap.numbers.start, Reason.REMOVED, gap.words)
            return replace(gap.before, fault=_moved_or_gone(fault, chain_of([jws], rest), boxes))
        return chain.verification(found.fault)
    return chain.verification(None)


class _Found(Exception):  # noqa: N818 - it says that the search is over, not that the program failed
    def __init__(self, seq: int, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.fault = Fault(seq, reason, words)


@dataclass(frozen=True)
class _Gap:
    """Numbers that are not there, and that no event has declared lost so far."""

    place: Link
    goal: Link
    words: str
    before: Verification  # what was found up to it

    @property
    def numbers(self) -> range:
        return range(self.place.seq + 1, self.goal.seq + 1)


class _Chain:
    """As much of the chain as was whole so far."""

    def __init__(self, boxes: Jwks, after: Link | None) -> None:
        self.heads: dict[int, str] = {}  # hashes known from elsewhere, by number
        self.gaps: list[_Gap] = []
        self._lost = 0
        self._bridges: list[Bridge] = []
        self._receipts: dict[int, Receipt] = {}
        self._boxes = boxes
        self._after = after  # the place that the next event must follow, if known
        self._first: tuple[Event, Link] | None = None
        self._last: tuple[Event, Link] | None = None

    def expect(self, receipts: Iterable[bytes], platform: Jwks) -> None:
        """Take the platform's word for the hashes of some events."""
        for jws in receipts:
            try:
                receipt = unseal_receipt(jws, platform)
            except Refused as refused:
                words = f"A receipt is not the platform's: {refused.message}"
                raise _Found(0, Reason.RECEIPT, words) from refused
            if self.heads.setdefault(receipt.through, receipt.head) != receipt.head:
                words = f"Two receipts name different events {receipt.through}."
                raise _Found(receipt.through, Reason.RECEIPT, words)
            self._receipts[receipt.through] = receipt

    def take(self, jws: bytes) -> None:
        """Go one event further."""
        try:
            event = unseal(jws, self._boxes)
        except Refused as refused:
            reason = _REASONS.get(refused.code, Reason.MALFORMED)
            raise _Found(self._next, reason, refused.message) from refused
        link = Link(event.seq, hash_of(jws))
        if self._last is None:
            self._check_owner(event.box)
        elif event.box != self._last[0].box:
            words = f"An event of {event.box} stands among those of {self._last[0].box}."
            raise _Found(self._next, Reason.OTHER_BOX, words)
        if self._after is not None:
            self._check_place(event, link, self._after)
        for seq, digest in ((event.seq - 1, event.prev), (link.seq, link.hash)):
            if self.heads.get(seq, digest) != digest:
                words = f"Event {seq} is another than the one that the platform, or whoever asks, knows."
                raise _Found(link.seq, Reason.INSERTED, words)
        self._after, self._last = link, (event, link)
        self._first = self._first or self._last
        if (declared := continuation(event.report)) is not None:
            self._bridges += declared.lost
            self.gaps = [gap for gap in self.gaps if not leads(self._bridges, gap.place, gap.goal)]

    def end(self) -> None:
        """Say that there are no more events."""
        if self.gaps:
            raise _Found(self.gaps[0].numbers.start, Reason.REMOVED, self.gaps[0].words)
        last = self._after.seq if self._after is not None else 0
        known = max(self.heads, default=0)
        if last < known:
            words = f"The events end at {last}, but {known} is known to exist."
            raise _Found(last + 1, Reason.REMOVED, words)

    def verification(self, fault: Fault | None) -> Verification:
        """Sum up."""
        if self._first is None or self._last is None:
            return replace(NOTHING, fault=fault)
        (first_event, first), (last_event, last) = self._first, self._last
        reached = [seq for seq in self._receipts if first.seq <= seq <= last.seq]
        return Verification(
            box=first_event.box,
            events=last.seq - first.seq + 1 - self._lost,
            first=first,
            last=last,
            began=first_event.time,
            ended=last_event.time,
            receipt=self._receipts[max(reached)] if reached else None,
            fault=fault,
            lost=self._lost,
        )

    @property
    def _next(self) -> int:
        return 0 if self._after is None else self._after.seq + 1

    def _check_place(self, event: Event, link: Link, after: Link) -> None:
        goal = Link(event.seq - 1, event.prev)
        if link == after or event.seq < after.seq:
            words = f"Event {event.seq} stands here once more, after {after.seq}."
            raise _Found(after.seq + 1, Reason.REPEATED, words)
        if event.seq == after.seq:
            raise _Found(after.seq + 1, Reason.INSERTED, f"There are two events numbered {event.seq}.")
        if goal.seq > after.seq:
            words = f"After event {after.seq} comes {event.seq}."
            self.gaps.append(_Gap(after, goal, words, self.verification(None)))
            self._lost += goal.seq - after.seq
        elif goal != after:
            words = f"Event {event.seq} was chained to another event {after.seq} than the one that stands before it."
            raise _Found(event.seq, Reason.INSERTED, words)

    def _check_owner(self, box: str) -> None:
        for receipt in self._receipts.values():
            if receipt.box != box:
                words = f"A receipt for {receipt.box} stands with the events of {box}."
                raise _Found(receipt.through, Reason.RECEIPT, words)


def _moved_or_gone(fault: Fault, rest: Iterator[bytes], boxes: Jwks) -> Fault:
    """Look for a missing event among those that come later: then it was moved, not taken away."""
    if fault.reason is not Reason.REMOVED:
        return fault
    for jws in rest:
        try:
            event = unseal(jws, boxes)
        except Refused:
            continue
        if event.seq == fault.seq:
            return Fault(fault.seq, Reason.REORDERED, f"{fault.words} Event {fault.seq} stands later.")
    return fault
