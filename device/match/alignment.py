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
TEMPOS = np.arange(0.95, 1.0501, 0.01)  # seconds of reference for each second of query
SHIFTS = np.arange(-1.0, 1.01, 0.25)  # seconds around a candidate's offset
TEMPO_COST = 1.0  # natural log of odds that a changed tempo must bring more: it is rare
TIE = 0.5  # natural log of odds that a mean similarity of 1 weighs among lines of one place
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
    if len(queries) == 0:
        return []
    lines = [
        _best_line(queries, candidate, catalogue, calibration, hop, window)
        for candidate in votes.candidates(queries, catalogue, CANDIDATES)
    ]
    found = sorted((line for line in lines if line is not None), key=lambda match: -match.score)
    return _without_echoes(found)


def _best_line(
    queries: Queries,
    candidate: votes.Candidate,
    catalogue: Catalogue,
    calibration: Calibration,
    hop: float,
    window: float,
) -> Match | None:
    """Lay a bundle of lines through one place and keep the one with most evidence."""
    lines = bundle(queries.positions, candidate.offset)
    similarity = similarities(queries.embeddings, lines.times, candidate.recording, catalogue)
    weighed = evidence.of_windows(similarity, queries.density, calibration, hop / window)
    stretches = evidence.best_stretches(weighed)
    scores = stretches.score - np.where(np.isclose(lines.tempos, 1.0), 0.0, TEMPO_COST)
    # Evidence has a ceiling, so lines side by side may tie; the one that is more alike lies better.
    alike = np.nan_to_num(similarity, nan=0.0).mean(axis=1)
    line = int(np.argmax(scores + TIE * alike))
    if scores[line] <= 0:
        return None
    first, last = int(stretches.first[line]), int(stretches.last[line])
    return Match(
        recording=candidate.recording,
        start=float(queries.positions[first]),
        end=float(queries.positions[last]) + window,
        reference_start=max(0.0, float(lines.times[line, first])),
        tempo=round(float(lines.tempos[line]), 3),
        score=float(scores[line]),
        windows=last - first + 1,
        agreeing=int(np.count_nonzero(weighed[line, first : last + 1] > 0)),
        runner_up=None,
    )


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


def _without_echoes(matches: list[Match]) -> list[Match]:
    """Keep the best match of each stretch of time, and name the best other recording as its runner-up."""
    kept: list[Match] = []
    for match in matches:
        if not any(_covered(match, better) > ECHO for better in kept):
            kept.append(match)
    return [_with_runner_up(match, matches) for match in kept]


def _covered(match: Match, better: Match) -> float:
    """How much of a match lies under a better one, 0..1."""
    together = min(match.end, better.end) - max(match.start, better.start)
    return max(0.0, together) / match.seconds


def _with_runner_up(match: Match, matches: list[Match]) -> Match:
    others = (m for m in matches if m.recording != match.recording and _covered(m, match) > ECHO)
    best = next(others, None)
    runner_up = RunnerUp(best.recording, best.score) if best else None
    return replace(match, runner_up=runner_up)
