"""Duplicates: recordings that sound nearly the same under several ids, found when a part is written.

Some places of each new recording are looked up. Where most of them lie on one line through another recording, the two are
compared exactly along that line. A re-release, another coding, or the same master on a compilation is found; a remix, an edit
of a few seconds, or another take of the same work is not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.embedding import dequantise
from device.match.neighbours import Neighbours

ALIKE = (
    0.85  # mean cosine along the line from which two are one sound; `device/match/alignment.py` uses the same
)
SHARE = 0.8  # of the shorter of the two that the line must cover

_PROBES = 8  # places of a recording that are looked up
_NEAREST = 8  # references that are taken for each
_AGREEING = 0.5  # of the probes, that must point to one line
_SLACK = 1.0  # seconds by which they may differ
_COMPARED = 64  # places along the line
_SHIFTS = np.arange(-1.0, 1.01, 0.125)  # seconds around what the probes say
_LISTS = 8  # of a coarse index that are scanned: a duplicate is very near


@dataclass(frozen=True)
class Alike:
    """Two recordings that sound nearly the same."""

    number: int  # of the new recording
    other: int  # of the other, which is older or comes before it
    likeness: float  # mean cosine along the line


def find(catalogue: Catalogue, numbers: range, step: Callable[[], None]) -> Iterator[Alike]:
    """Find what sounds like new recordings.

    Args:
        catalogue: All parts, the new one among them.
        numbers: The new recordings. Each is compared with all before it, so that each pair is told once.
        step: Called after each of them.
    """
    neighbours = Neighbours(catalogue, lists=_LISTS)
    for number in numbers:
        for other, offset in _pointed_to(catalogue, neighbours, number):
            likeness = _along(catalogue, number, other, offset)
            if likeness >= ALIKE:
                yield Alike(number, other, likeness)
        step()


def _pointed_to(catalogue: Catalogue, neighbours: Neighbours, number: int) -> Iterator[tuple[int, float]]:
    """Give the recordings that most probes of one point to, and the seconds by which they are later there."""
    span = catalogue.span(number)
    rows = np.unique(np.linspace(span.start, span.stop - 1, _PROBES).astype(np.int64))
    vectors = catalogue.vectors(rows)
    sounding = vectors.any(axis=1)
    rows, vectors = rows[sounding], vectors[sounding]
    if not len(rows):
        return
    found = neighbours.nearest(dequantise(vectors), _NEAREST).rows
    _, own_seconds = catalogue.locate(rows)
    probes = np.repeat(np.arange(len(rows)), found.shape[1])[found.ravel() >= 0]
    others, seconds = catalogue.locate(found.ravel()[found.ravel() >= 0])
    offsets = seconds - own_seconds[probes]
    for other in np.unique(others[others < number]).tolist():
        if other in catalogue.withdrawn_numbers:
            continue
        at = np.flatnonzero(others == other)
        near = np.abs(offsets[at][:, None] - offsets[at]) <= _SLACK
        agreeing = [len(np.unique(probes[at[row]])) for row in near]
        best = int(np.argmax(agreeing))
        if agreeing[best] >= max(1, _AGREEING * len(rows)):
            yield other, float(np.median(offsets[at[near[best]]]))


def _along(catalogue: Catalogue, number: int, other: int, offset: float) -> float:
    """Give the mean cosine along the best line near an offset; 0 where it covers too little of either.

    Two releases lie on one grid only by chance, and windows a quarter of a second apart are alike by 0.75 only; so
    vectors are compared with what lies between two of the other's.
    """
    hop = catalogue.reference_hop
    own, its = catalogue.span(number), catalogue.span(other)
    best = 0.0
    for shift in _SHIFTS:
        later = (offset + shift) / hop  # in rows
        first, last = max(0, int(np.ceil(-later))), min(len(own), int(np.floor(len(its) - 1 - later)) + 1)
        if last - first < SHARE * min(len(own), len(its)):
            continue
        rows = np.unique(np.linspace(first, last - 1, _COMPARED).astype(np.int64))
        vectors = catalogue.vectors(own.start + rows)
        sounding = vectors.any(axis=1)
        places = rows[sounding] + later
        below = np.floor(places).astype(np.int64)
        above = np.minimum(below + 1, len(its) - 1)
        share = (places - below)[:, None].astype(np.float32)
        between = (1 - share) * _floats(catalogue, its.start + below) + share * _floats(
            catalogue, its.start + above
        )
        lengths = np.maximum(np.linalg.norm(between, axis=1), 1e-9)
        likeness = np.sum(dequantise(vectors[sounding]) * between, axis=1) / lengths
        best = max(best, float(likeness.mean()) if len(likeness) else 0.0)
    return best


def _floats(catalogue: Catalogue, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    return dequantise(catalogue.vectors(rows))
