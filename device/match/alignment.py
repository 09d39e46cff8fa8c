"""From the places that neighbours voted for to matches: exact comparison along lines in time.

Of the lines through each place the one whose best stretch has most evidence wins; `rivals.py` says which of the places
that sound at the same time are told.
"""

import numpy as np

from device.catalogue.catalogue import Catalogue
from device.match import evidence, lines, rivals, votes
from device.match.calibration import Calibration
from device.match.match import Match, Window, groups
from device.match.queries import Queries

CANDIDATES = 12  # places looked at exactly
TEMPO_COST = 1.0  # natural log of odds that a changed tempo must bring more: it is rare
TIE = 0.5  # natural log of odds that a mean similarity of 1 weighs among lines of one place


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
        Matches, best first, those below every threshold included.
    """
    places = votes.candidates(queries, catalogue, CANDIDATES)
    if not places:
        return []
    laid = lines.bundle(queries.positions, [place.offset for place in places])
    similarity = lines.similarities(
        queries.embeddings, laid.times, [place.recording for place in places], catalogue
    )
    weighed = evidence.of_windows(similarity, queries.density, calibration, hop / window)
    stretches = evidence.best_stretches(weighed)
    scores = stretches.score - np.where(np.isclose(laid.tempos, 1.0), 0.0, TEMPO_COST)
    # Evidence has a ceiling, so lines side by side may tie; the one that is more alike lies better.
    best = np.argmax(scores + TIE * np.nan_to_num(similarity, nan=0.0).mean(axis=-1), axis=1)
    found = []
    for number, (place, line) in enumerate(zip(places, best, strict=True)):
        if scores[number, line] <= 0:
            continue
        first, last = int(stretches.first[number, line]), int(stretches.last[number, line])
        heard = slice(first, last + 1)
        told = (
            queries.positions[heard],
            laid.times[number, line, heard],
            similarity[number, line, heard],
            queries.density[heard],
            weighed[number, line, heard],
        )
        windows = tuple(Window(*values) for values in zip(*(each.tolist() for each in told), strict=True))
        agreeing = np.array([one.at for one in windows if one.weight > 0])
        match = Match(
            recording=place.recording,
            start=float(queries.positions[first]),
            end=float(queries.positions[last]) + window,
            reference_start=max(0.0, float(laid.times[number, line, first])),
            tempo=round(float(laid.tempos[line]), 3),
            score=float(scores[number, line]),
            windows=last - first + 1,
            agreeing=len(agreeing),
            groups=groups(agreeing, window),
            runner_up=None,
            evidence=windows,
        )
        found.append(match)
    best_first = sorted(found, key=lambda match: -match.score)
    return rivals.weigh(best_first, queries, catalogue, calibration, hop / window)
