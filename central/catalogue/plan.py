"""The plan: which parts stay, and what goes into a new one.

Rules:
1. A part is never changed; what changed or went is marked as replaced in the manifest, the new comes as a part.
2. When too much of the catalogue is marked, or it has too many parts, all of it becomes one part again.
3. A recording whose file cannot be read now keeps its former form: a bad disk does not take it off the boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from central.catalogue.naming import Wanted
from central.catalogue.stock import StockPart, StockReference
from device.catalogue.manifest import PartEntry

# A box searches each part by itself, so parts cost time; and replaced vectors are searched in vain.
PARTS_AT_MOST = 30
REPLACED_AT_MOST = 0.2  # of all vectors


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    kept: tuple[PartEntry, ...]  # parts that stay, with all that is replaced in them
    added: tuple[Wanted | StockReference, ...]  # what goes into a new part, by id
    unchanged: int  # recordings that stay as they were
    gone: int  # recordings that are not wanted any more


def make(wanted: Sequence[Wanted], failed: frozenset[str], stock: Sequence[StockPart]) -> Plan:
    """Compare what is wanted with what is there.

    Args:
        wanted: The recordings that can be built, each id once.
        failed: Ids that are wanted but cannot be built.
        stock: The parts that are there.
    """
    by_id = {one.metadata.id: one for one in wanted}
    stays: dict[str, StockReference] = {}
    kept: list[PartEntry] = []
    rows = rows_replaced = gone = 0
    for part in stock:
        replaced = set(part.entry.replaced)
        for one in part.references:
            if one.origin.id in failed or _is_same(one, by_id.get(one.origin.id)):
                stays[one.origin.id] = one
            else:
                replaced.add(one.origin.number)
                gone += one.origin.id not in by_id
        if len(replaced) < len(part.part.numbers):
            kept.append(replace(part.entry, replaced=tuple(sorted(replaced))))
            rows += len(part.part.rows)
            rows_replaced += int(np.diff(part.part.first_rows)[list(replaced)].sum())
    added: dict[str, Wanted | StockReference] = {key: one for key, one in by_id.items() if key not in stays}
    if rows_replaced > REPLACED_AT_MOST * rows or len(kept) + bool(added) > PARTS_AT_MOST:
        kept, added = [], {**added, **stays}
    return Plan(tuple(kept), tuple(added[key] for key in sorted(added)), len(stays), gone)


def _is_same(one: StockReference, wanted: Wanted | None) -> bool:
    if wanted is None or one.origin.content != wanted.content:
        return False
    recording = one.part.entries.recording(one.origin.number)
    return recording == wanted.metadata.recording(recording.seconds)
