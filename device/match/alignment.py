"""From the places that neighbours voted for to matches: exact comparison along lines in time.

Around each candidate place a bundle of lines is laid through the reference, one for each tempo and small
shift. Along each line the exact int8 references are compared with the queries; the line whose best stretch
has most evidence wins. A film at 25 instead of 24 frames a second runs 4 % fast, so tempos reach 5 %.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.embedding import Embeddings, dequantise
from device.match import evidence, votes
from device.match.calibration import Calibration
from device.match.match import Match, RunnerUp
from device.match.queries import Queries

CANDIDATES = 12  # places looked at exactly
# Seconds of reference for each second of query. Between two of them the ends of 15 s are off by 0.06 s at most.
TEMPOS = np.linspace(0.95, 1.05, 7)
SHIFTS = np.arange(-1.0, 1.01, 0.25)  # seconds around a candidate's offset
TEMPO_COST = 1.0  # natural log of odds that a changed tempo must bring more: it is rare
TIE = 0.5  # natural log of odds that a mean similarity of 1 weighs among lines of one place
# What a rival, the best other recording of the same seconds, takes from a score: sound that resembles everything gives
# everything some evidence. Measured on 600 clips and 3 hours of unknown sound: 2 points of recall at 10 s, 4 at 5 s.
RIVALRY = 0.5  # share of its evidence
MOST_RIVAL = (
    2.5  # evidence that counts at most: chance reaches no more, and two recordings may truly sound at once
)
VERSIONS = 0.6  # mean cosine of two references from which they are versions of one piece, and no rivals
ECHO = 0.5  # a match that lies by more than this part under a better one is its runner-up


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines through a recording."""

    times: NDArray[np.float64]  # (lines, n) seconds in the recording at each query
    tempos: NDArray[np.float64]  # (lines,)


def bundle(positions: NDArray[np.float64], offset: float) -> Lines:
    """Lay lines of every tempo and shift around a place.

    Args:
        positions: (n,) seconds of the queries.
        offset: Seconds in the recording minus seconds of the query, in the middle of the queries.
    """
    middle = (positions[0] + positions[-1]) / 2
    tempos, shifts = (grid.ravel() for grid in np.meshgrid(TEMPOS, SHIFTS, indexing="ij"))
    times = (offset + middle + shifts)[:, None] + tempos[:, None] * (positions - middle)
    return Lines(times, tempos)


def align(
    queries: Queries, catalogue: Catalogue, calibration: Calibration, hop: float, window: float
) -> list[Match]:
    """Find the recordings that sound in consecutive windows.

    A match's score is its own evidence less what speaks for the best other recording at the same time.

    Args:
        queries: Windows in order; at most some 15 s of them at a time keep the lines straight.
        catalogue: The references.
        calibration: How the model's similarities are read.
        hop: Seconds from one query to the next.
        window: Seconds that each query holds.

    Returns:
        Matches, best first, those below every threshold included. Two recordings may match the same
        time only if each has a stretch of its own.
    """
    places = votes.candidates(queries, catalogue, CANDIDATES)
    if not places:
        return []
    bundles = [bundle(queries.positions, place.offset) for place in places]
    # All lines of all places at once: numpy's calls cost more than the work within them.
    similarity = np.concatenate(
        [
            similarities(queries.embeddings, lines.times, place.recording, catalogue)
            for place, lines in zip(places, bundles, strict=True)
        ]
    )
    weighed = evidence.of_windows(similarity, queries.density, calibration, hop / window)
    stretches = evidence.best_stretches(weighed)
    tempos = np.concatenate([lines.tempos for lines in bundles])
    scores = stretches.score - np.where(np.isclose(tempos, 1.0), 0.0, TEMPO_COST)
    # Evidence has a ceiling, so lines side by side may tie; the one that is more alike lies better.
    leaning = scores + TIE * np.nan_to_num(similarity, nan=0.0).mean(axis=1)
    found = []
    for number, (place, lines) in enumerate(zip(places, bundles, strict=True)):
        first_line = number * len(lines.tempos)
        own = int(np.argmax(leaning[first_line : first_line + len(lines.tempos)]))
        line = first_line + own
        if scores[line] <= 0:
            continue
        first, last = int(stretches.first[line]), int(stretches.last[line])
        match = Match(
            recording=place.recording,
            start=float(queries.positions[first]),
            end=float(queries.positions[last]) + window,
            reference_start=max(0.0, float(lines.times[own, first])),
            tempo=round(float(lines.tempos[own]), 3),
            score=float(scores[line]),
            windows=last - first + 1,
            agreeing=int(np.count_nonzero(weighed[line, first : last + 1] > 0)),
            runner_up=None,
        )
        found.append(match)
    return _without_echoes(sorted(found, key=lambda match: -match.score), catalogue)


def similarities(
    embeddings: Embeddings, times: NDArray[np.float64], recording: int, catalogue: Catalogue
) -> NDArray[np.float32]:
    """Compare queries with a recording along lines.

    Args:
        embeddings: (n, dimension) of the queries.
        times: (lines, n) seconds in the recording.
        recording: Its number in the catalogue.
        catalogue: The references.

    Returns:
        (lines, n) cosine; NaN before the recording's begin and after its end.
    """
    span = catalogue.span(recording)
    indices = np.rint(times / catalogue.reference_hop).astype(np.int64)
    inside = (indices >= 0) & (indices < len(span))
    lowest, highest = np.clip([indices.min(), indices.max()], 0, len(span) - 1)
    references = dequantise(catalogue.vectors(np.arange(span.start + lowest, span.start + highest + 1)))
    table = embeddings @ references.T
    taken = table[np.arange(len(embeddings)), np.clip(indices - lowest, 0, highest - lowest)]
    return np.asarray(np.where(inside, taken, np.nan), dtype=np.float32)


def sound_alike(
    catalogue: Catalogue,
    one: int,
    its_times: NDArray[np.float64],
    other: int,
    other_times: NDArray[np.float64],
) -> bool:
    """Tell whether two recordings are versions of one piece where two lines lie: a remix, an edit, a re-release.

    Args:
        catalogue: The references.
        one: Number of a recording.
        its_times: (n,) seconds in it.
        other: Number of another.
        other_times: (n,) seconds in that one.
    """
    span = catalogue.span(one)
    rows = np.clip(np.rint(its_times / catalogue.reference_hop).astype(np.int64), 0, len(span) - 1)
    references = dequantise(catalogue.vectors(rows + span.start))
    alike = similarities(references, other_times[None], other, catalogue)[0]
    return bool(np.nan_to_num(alike, nan=0.0).mean() > VERSIONS)


def _without_echoes(matches: list[Match], catalogue: Catalogue) -> list[Match]:
    """Keep the best match of each stretch of time, and weigh it against the best other recording there."""
    kept: list[Match] = []
    for match in matches:
        if not any(_covered(match, better) > ECHO for better in kept):
            kept.append(match)
    weighed = (_against_others(match, matches, catalogue) for match in kept)
    return sorted((match for match in weighed if match.score > 0), key=lambda match: -match.score)


def _covered(match: Match, better: Match) -> float:
    """How much of a match lies under a better one, 0..1."""
    together = min(match.end, better.end) - max(match.start, better.start)
    return max(0.0, together) / match.seconds


def _against_others(match: Match, matches: list[Match], catalogue: Catalogue) -> Match:
    """Name the runner-up, and take from the score what a rival's says of chance."""
    others = [m for m in matches if m.recording != match.recording and _covered(m, match) > ECHO]
    if not others:
        return match
    best = others[0]
    rival = next((m for m in others if not _versions(match, m, catalogue)), None)
    less = RIVALRY * min(rival.score, MOST_RIVAL) if rival else 0.0
    return replace(match, score=match.score - less, runner_up=RunnerUp(best.recording, best.score))


def _versions(match: Match, other: Match, catalogue: Catalogue) -> bool:
    """Tell whether two matches lie on versions of one piece."""
    begin, end = max(match.start, other.start), min(match.end, other.end)
    times = np.arange(begin, end, catalogue.reference_hop)
    return sound_alike(catalogue, match.recording, match.times(times), other.recording, other.times(times))
