"""From the places that neighbours voted for to matches: exact comparison along lines in time.

Of the lines through each place the one whose best stretch has most evidence wins; `rivals.py` says which of the places
that sound at the same time are told.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.match import evidence, lines, rivals, votes
from device.match.calibration import Calibration
from device.match.match import Match, Window, groups
from device.match.queries import Queries

CANDIDATES = 12  # places looked at exactly
CLOSER = 4  # of them, those that lines of every tempo are laid through
WORTH_IT = 0.3  # evidence along the recording's own tempo without which no other tempo is tried
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
    recordings = [place.recording for place in places]
    times, tempos = _best_lines(queries, places, catalogue, calibration, hop / window)
    similarity, beside = along(queries, times, recordings, catalogue)
    weighed = evidence.discounted(
        evidence.of_windows(similarity, beside, queries.density, calibration, hop / window),
        evidence.news(queries.embeddings, round(window / hop)),
    )
    stretches = evidence.best_stretches(weighed)
    scores = stretches.score - np.where(np.isclose(tempos, 1.0), 0.0, TEMPO_COST)
    found = []
    for number, place in enumerate(places):
        if scores[number] <= 0:
            continue
        first, last = int(stretches.first[number]), int(stretches.last[number])
        heard = slice(first, last + 1)
        told = (
            queries.positions[heard],
            times[number, heard],
            similarity[number, heard],
            queries.density[heard],
            weighed[number, heard],
        )
        windows = tuple(Window(*values) for values in zip(*(each.tolist() for each in told), strict=True))
        agreeing = np.array([one.at for one in windows if one.weight > 0])
        match = Match(
            recording=place.recording,
            start=float(queries.positions[first]),
            end=float(queries.positions[last]) + window,
            reference_start=max(0.0, float(times[number, first])),
            tempo=round(float(tempos[number]), 3),
            score=float(scores[number]),
            windows=last - first + 1,
            agreeing=len(agreeing),
            groups=groups(agreeing, window),
            runner_up=None,
            evidence=windows,
        )
        found.append(match)
    best_first = sorted(found, key=lambda match: -match.score)
    return rivals.weigh(best_first, queries, catalogue, calibration, hop / window)


def along(
    queries: Queries, times: NDArray[np.float64], recordings: Sequence[int], catalogue: Catalogue
) -> tuple[evidence.Evidence, evidence.Evidence]:
    """Compare windows with one line of each place, and with what is beside it.

    Args:
        queries: The windows.
        times: (places, n) seconds in each place's recording.
        recordings: (places,) their numbers.
        catalogue: The references.

    Returns:
        (places, n) similarity on the line, NaN beyond the recording's ends, and the higher one beside it.
    """
    three = times[:, None] + np.array([0.0, -evidence.BESIDE, evidence.BESIDE])[:, None]
    found = lines.similarities(queries.embeddings, three, recordings, catalogue)
    return found[:, 0], np.nan_to_num(found[:, 1:], nan=-1.0).max(axis=1)


def _best_lines(
    queries: Queries,
    places: Sequence[votes.Candidate],
    catalogue: Catalogue,
    calibration: Calibration,
    new_sound: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose a line for each place: of every tempo for the best of them, of the recording's own for the others.

    Returns:
        (places, n) seconds in each recording, and (places,) tempos.
    """
    times, tempos, scores = _best_of(queries, places, lines.OWN_TEMPO, catalogue, calibration, new_sound)
    closer = np.argsort(-scores, kind="stable")[:CLOSER]
    closer = closer[scores[closer] >= WORTH_IT]
    if not len(closer):
        return times, tempos
    some = [places[number] for number in closer]
    times[closer], tempos[closer], _ = _best_of(
        queries, some, lines.TEMPOS, catalogue, calibration, new_sound
    )
    return times, tempos


def _best_of(
    queries: Queries,
    places: Sequence[votes.Candidate],
    tempos: NDArray[np.float64],
    catalogue: Catalogue,
    calibration: Calibration,
    new_sound: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Choose each place's line, as if it were nowhere more alike beside it than the background is; with its score."""
    laid = lines.bundle(queries.positions, [place.offset for place in places], tempos)
    recordings = [place.recording for place in places]
    similarity = lines.similarities(queries.embeddings, laid.times, recordings, catalogue)
    weighed = evidence.of_windows(similarity, queries.density, queries.density, calibration, new_sound)
    scores = evidence.best_stretches(weighed).score - np.where(np.isclose(laid.tempos, 1.0), 0.0, TEMPO_COST)
    # Evidence has a ceiling, so lines side by side may tie; the one that is more alike lies better.
    scores += TIE * np.nan_to_num(similarity, nan=0.0).mean(axis=-1)
    best = np.argmax(scores, axis=1)
    every = np.arange(len(places))
    return laid.times[every, best], laid.tempos[best], scores[every, best]
