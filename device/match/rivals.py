"""Which of the matches over the same seconds are told, and what others take from their scores.

1. Releases of one sound are one match, with the others as alternatives.
2. Of different recordings over the same seconds the best is told, and the next is its runner-up: sound that resembles
   everything gives everything some evidence, so a rival takes from the score.
3. A second one is told beside the first if it still sounds when what the first explains is taken out of the queries: a
   crossfade, or music in a film over other music.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.embedding import dequantise
from device.match import evidence, lines
from device.match.calibration import Calibration
from device.match.match import Match, RunnerUp, groups
from device.match.queries import Queries

# What a rival, the best other recording of the same seconds, takes from a score. At the score that chance passes as often, all
# of its evidence instead of 0.4 of it brought 4 points of recall at 10 s and 7 at 5 s among 116 recordings; with fewer
# recordings there are fewer rivals, and less is won.
RIVALRY = 1.0  # share of its evidence
MOST_RIVAL = 4.0  # evidence that counts at most: two recordings may truly sound at once
VERSIONS = 0.5  # mean cosine of two references from which they may be versions of one piece, and are never told together
SAME_SOUND = 0.85  # mean cosine of two references from which they are one sound released twice, and no rivals
ECHO = 0.5  # a match that lies by more than this part under a better one is its runner-up
# Evidence by which the first of several releases may be behind the best of them and still be the one that is named: so that
# one performance is not told under two names in turn.
NEARLY = 1.5


def weigh(
    matches: Sequence[Match],
    queries: Queries,
    catalogue: Catalogue,
    calibration: Calibration,
    new_sound: float,
) -> list[Match]:
    """Choose what is told.

    Args:
        matches: Best first, each with its own evidence as its score.
        queries: The windows that were matched.
        catalogue: The references.
        calibration: How the model's similarities are read.
        new_sound: The part of a window that the one before it did not hold, 0..1.

    Returns:
        Best first, those below every threshold included.
    """
    kept: list[Match] = []
    for match in matches:
        over = [better for better in kept if covered(match, better) > ECHO]
        if not over:
            kept.append(_named(match, matches, catalogue))
        elif _may_sound_beside(match, over, calibration, catalogue):
            left = _without(over[0], match, queries, catalogue, calibration, new_sound)
            if left >= calibration.accept:
                kept.append(_named(replace(match, score=min(match.score, left)), matches, catalogue))
    weighed = (_against_others(match, matches, kept, catalogue) for match in kept)
    return sorted((match for match in weighed if match.score > 0), key=lambda match: -match.score)


def covered(match: Match, better: Match) -> float:
    """How much of a match lies under a better one, 0..1."""
    together = min(match.end, better.end) - max(match.start, better.start)
    return max(0.0, together) / match.seconds


def _named(match: Match, matches: Sequence[Match], catalogue: Catalogue) -> Match:
    """Name one of the releases of a sound, always the same one if they are as good, and the others beside it."""
    alike = catalogue.same_sound(match.recording)
    releases = [
        one
        for one in matches
        if one.recording in alike and covered(match, one) > ECHO and one.score >= match.score - NEARLY
    ]
    chosen = min([match, *releases], key=lambda one: (one.recording, -one.score))
    return replace(chosen, alternatives=catalogue.same_sound(chosen.recording))


def _may_sound_beside(
    match: Match, over: Sequence[Match], calibration: Calibration, catalogue: Catalogue
) -> bool:
    """Tell whether a match under one other is strong enough, and another sound, to be looked at again."""
    return (
        len(over) == 1
        and match.believed(calibration.accept)
        and match.recording not in (over[0].recording, *over[0].alternatives)
        and _likeness(match, over[0], catalogue) < VERSIONS
    )


def _without(
    better: Match,
    match: Match,
    queries: Queries,
    catalogue: Catalogue,
    calibration: Calibration,
    new_sound: float,
) -> float:
    """Give the evidence for a match in what a better one leaves unexplained.

    Queries and the match's references are compared in the directions that the better one's references have no part in.
    If the queries hold that one and noise, nothing is left that resembles the match; if both sound, the match is left.
    """
    inside = (queries.positions >= match.start) & (queries.positions < match.end)
    positions = queries.positions[inside]
    first = _references(better, positions, catalogue)
    asked = _apart(queries.embeddings[inside], first)
    second = _apart(_references(match, positions, catalogue), first)
    similarity, density = np.sum(asked * second, axis=1), queries.density[inside]
    weighed = evidence.of_windows(similarity, density, density, calibration, new_sound)
    agreeing = positions[weighed > 0]
    window = match.end - float(positions[-1]) if len(positions) else 0.0
    if groups(agreeing, window) < 2:
        return 0.0
    return float(evidence.best_stretches(weighed).score)


def _references(match: Match, positions: NDArray[np.float64], catalogue: Catalogue) -> NDArray[np.float32]:
    span = catalogue.span(match.recording)
    indices = np.rint(match.times(positions) / catalogue.reference_hop).astype(np.int64)
    return dequantise(catalogue.vectors(span.start + np.clip(indices, 0, len(span) - 1)))


def _apart(vectors: NDArray[np.float32], directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take out of unit vectors what lies in unit directions, and give what is left its unit length."""
    left = vectors - np.sum(vectors * directions, axis=1, keepdims=True) * directions
    return np.asarray(left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def _against_others(
    match: Match, matches: Sequence[Match], told: Sequence[Match], catalogue: Catalogue
) -> Match:
    """Name the runner-up, and take from the score what a rival's says of chance."""
    beside = {one.recording for one in told if one.recording != match.recording}
    own = {match.recording, *match.alternatives}
    others = [one for one in matches if one.recording not in own | beside and covered(one, match) > ECHO]
    if not others:
        return match
    best = others[0]
    rival = next((one for one in others if _likeness(match, one, catalogue) <= SAME_SOUND), None)
    less = RIVALRY * min(rival.score, MOST_RIVAL) if rival else 0.0
    return replace(match, score=match.score - less, runner_up=RunnerUp(best.recording, best.score))


def _likeness(match: Match, other: Match, catalogue: Catalogue) -> float:
    """Tell how alike the references of two matches are while both sound."""
    times = np.arange(max(match.start, other.start), min(match.end, other.end), catalogue.reference_hop)
    if not len(times):
        return 0.0
    return lines.likeness(catalogue, match.recording, match.times(times), other.recording, other.times(times))
