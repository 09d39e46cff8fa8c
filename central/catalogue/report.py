"""The report: what a build did, and what it could not do."""

from collections.abc import Sequence
from dataclasses import dataclass

from central.catalogue.naming import Skipped
from central.catalogue.stock import StockPart


@dataclass(frozen=True)
class Report:
    """What was built."""

    recordings: int  # in the catalogue now
    vectors: int  # of these recordings
    seconds: float  # of sound in them
    fingerprinted: int  # files that this build had to hear
    added: int  # recordings that are new or changed
    gone: int  # recordings that are not wanted any more
    skipped: tuple[Skipped, ...]  # what was asked for and is not in the catalogue, or only in its former form
    same_sound: tuple[tuple[str, ...], ...]  # ids of recordings that sound the same, or nearly
    left_out: int  # files in folders that do not end like sound
    remarks: tuple[str, ...]


def same_sound(stock: Sequence[StockPart]) -> tuple[tuple[str, ...], ...]:
    """Group recordings that sound the same, or nearly, however their files are named and tagged."""
    group: dict[str, set[str]] = {}
    first_of: dict[str, str] = {}  # by sound
    pairs: list[tuple[str, str]] = []
    for part in stock:
        for one in part.references:
            group[one.origin.id] = {one.origin.id}
            pairs.append((first_of.setdefault(one.origin.sound, one.origin.id), one.origin.id))
        pairs += part.part.entries.alike_pairs()
    for own, other in pairs:
        if own in group and other in group and group[own] is not group[other]:
            group[own] |= group[other]
            for name in group[other]:
                group[name] = group[own]
    groups = {id(ids): ids for ids in group.values() if len(ids) > 1}
    return tuple(sorted(tuple(sorted(ids)) for ids in groups.values()))
