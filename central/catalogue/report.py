"""The report: what a build did, and what it could not do."""

from collections import defaultdict
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
    same_sound: tuple[tuple[str, ...], ...]  # ids that have exactly the same vectors
    left_out: int  # files in folders that do not end like sound
    remarks: tuple[str, ...]


def same_sound(stock: Sequence[StockPart]) -> tuple[tuple[str, ...], ...]:
    """Find recordings that sound exactly the same, however their files are named and tagged."""
    by_sound: dict[str, list[str]] = defaultdict(list)
    for part in stock:
        for one in part.references:
            by_sound[one.origin.sound].append(one.origin.id)
    return tuple(sorted(tuple(sorted(ids)) for ids in by_sound.values() if len(ids) > 1))
