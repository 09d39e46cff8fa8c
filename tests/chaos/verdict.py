"""Whether nothing was lost, nothing came twice, and nothing was forged: values in, findings out.

Rules:
- What a box committed is what it told its witness, and what its log holds: the first must be in the second.
- The platform has exactly what the log has: each event once, byte for byte, under its own number.
- Both sides' chains verify by themselves: signatures, numbers, hashes.
- The box's receipt and the platform's place are the log's head.
- What the platform set aside was altered on the way, every piece of it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from device.record.link import Link
from device.record.signed_event import hash_of
from device.record.verification import Verification


@dataclass(frozen=True)
class BoxEvidence:
    """What is there of one box when the season is over."""

    name: str
    goal: int  # events that it was to write
    witnessed: Mapping[int, str]  # hashes of committed events, by number
    log: Sequence[bytes]  # the log's events, exact bytes, in order
    log_verified: Verification
    receipt: Link | None  # the box's last one
    counted: Sequence[tuple[int, bytes]]  # what counts on the platform: numbers and exact bytes
    ledger_verified: Verification
    place: Link | None  # how far the platform says that the chain is whole


@dataclass(frozen=True)
class Evidence:
    """What is there when the season is over."""

    boxes: Sequence[BoxEvidence]
    quarantined: Sequence[tuple[str, str]]  # reason, and SHA-256 of the bytes
    altered: frozenset[str]  # SHA-256 of what was altered on the way
    failed: Sequence[str]  # processes that ended by themselves, in words


@dataclass(frozen=True)
class Verdict:
    """What was found."""

    events: int  # committed
    lost: int  # committed, and not counted by the platform
    doubled: int  # counted more than once
    foreign: int  # counted, and never committed
    quarantined: int
    findings: Sequence[str]  # what is wrong, a sentence each; empty: nothing

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def judge(evidence: Evidence) -> Verdict:
    """Hold the platform's account against the boxes'."""
    findings = [finding for box in evidence.boxes for finding in _box(box)]
    findings += [
        f"The platform set aside what nobody had altered: {reason}."
        for reason, digest in evidence.quarantined
        if digest not in evidence.altered
    ]
    findings += evidence.failed
    differences = [_difference(box) for box in evidence.boxes]
    lost, doubled, foreign = (sum(each.values()) for each in _together(differences))
    return Verdict(
        events=sum(len(_committed(box)) for box in evidence.boxes),
        lost=lost,
        doubled=doubled,
        foreign=foreign,
        quarantined=len(evidence.quarantined),
        findings=findings,
    )


def _box(box: BoxEvidence) -> list[str]:
    return [*_on_the_box(box), *_on_the_platform(box), *_of_the_heads(box)]


def _on_the_box(box: BoxEvidence) -> Iterator[str]:
    if len(box.log) != box.goal:
        yield f"{box.name} wrote {len(box.log)} events, not {box.goal}."
    logged = {seq: hash_of(jws) for seq, jws in enumerate(box.log, 1)}
    vanished = [seq for seq, digest in box.witnessed.items() if logged.get(seq) != digest]
    if vanished:
        yield f"{box.name} lost {len(vanished)} committed events from its own log, first {min(vanished)}."


def _on_the_platform(box: BoxEvidence) -> Iterator[str]:
    lost, doubled, foreign = (sum(each.values()) for each in _difference(box))
    if lost:
        yield f"The platform lacks {lost} events of {box.name}."
    if doubled:
        yield f"The platform counts {doubled} events of {box.name} more than once."
    if foreign:
        yield f"The platform counts {foreign} events that {box.name} never committed."
    if not (lost or doubled or foreign) and box.counted != list(enumerate(box.log, 1)):
        yield f"The platform has events of {box.name} under other numbers or in another order."
    for where, verified in (("log", box.log_verified), ("ledger", box.ledger_verified)):
        if verified.fault is not None:
            yield f"{box.name}: the {where}'s chain is not whole: {verified.fault.words}"


def _of_the_heads(box: BoxEvidence) -> Iterator[str]:
    head = Link(len(box.log), hash_of(box.log[-1])) if box.log else None
    for what, link in (("receipt", box.receipt), ("place on the platform", box.place)):
        if link != head:
            reached = 0 if link is None else link.seq
            yield f"{box.name}: its {what} stands at {reached} and is not the head, {len(box.log)}."


def _committed(box: BoxEvidence) -> set[str]:
    """The hashes of all that was committed, whether the log still has it or not."""
    return {hash_of(jws) for jws in box.log} | set(box.witnessed.values())


def _difference(box: BoxEvidence) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Give the hashes of what is lost, what is doubled (beyond the first), and what is foreign."""
    counted = Counter(hash_of(jws) for _, jws in box.counted)
    committed = Counter(dict.fromkeys(_committed(box), 1))
    known = Counter({digest: times for digest, times in counted.items() if digest in committed})
    return committed - known, known - committed, counted - known


def _together(differences: Sequence[tuple[Counter[str], ...]]) -> tuple[Counter[str], ...]:
    return tuple(sum((one[which] for one in differences), Counter()) for which in range(3))
