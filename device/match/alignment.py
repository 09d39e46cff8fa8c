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
from device.match.match import Match
from device.match.queries import Queries
from device.match.reading import Reading

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
    offsets = [place.offset for place in places]
    begins, ends = lines.reach(queries.positions, offsets)
    compared = lines.Compared(
        queries.embeddings,
        [place.recording for place in places],
        begins - evidence.BESIDE,
        ends + evidence.BESIDE,
        catalogue,
    )
    times, tempos = _best_lines(queries, offsets, compared, calibration, hop / window)
    similarity, beside = _beside(compared, times)
    weighed = evidence.discounted(
        evidence.of_windows(similarity, beside, queries.density, calibration, hop / window),
        evidence.news(queries.embeddings, round(window / hop)),
    )
    recordings = np.array([place.recording for place in places])
    stretches = evidence.best_stretches(weighed)
    read = Reading(queries, recordings, times, tempos, similarity, weighed, stretches)
    found = sorted(read.matches(window, stretches.score - _costs(tempos)), key=lambda match: -match.score)
    told = rivals.weigh(found, queries, catalogue, calibration, hop / window)
    return [read.with_evidence(match) for match in told]


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
    begins, ends = times.min(axis=1) - evidence.BESIDE, times.max(axis=1) + evidence.BESIDE
    return _beside(lines.Compared(queries.embeddings, recordings, begins, ends, catalogue), times)


def _beside(
    compared: lines.Compared, times: NDArray[np.float64]
) -> tuple[evidence.Evidence, evidence.Evidence]:
    three = times[:, None] + np.array([0.0, -evidence.BESIDE, evidence.BESIDE])[:, None]
    found = compared.along(three)
    return found[:, 0], np.fmax(np.fmax(found[:, 1], found[:, 2]), np.float32(-1))


def _best_lines(
    queries: Queries,
    offsets: Sequence[float],
    compared: lines.Compared,
    calibration: Calibration,
    new_sound: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose a line for each place: of every tempo for the best of them, of the recording's own for the others.

    Returns:
        (places, n) seconds in each recording, and (places,) tempos.
    """
    every = np.arange(len(offsets))
    own = lines.bundle(queries.positions, offsets, lines.OWN_TEMPO)
    times, tempos, scores = _best_of(own, every, queries, compared, calibration, new_sound)
    closer = np.argsort(-scores, kind="stable")[:CLOSER]
    closer = closer[scores[closer] >= WORTH_IT]
    if len(closer):
        laid = lines.bundle(queries.positions, [offsets[number] for number in closer], lines.TEMPOS)
        times[closer], tempos[closer], _ = _best_of(laid, closer, queries, compared, calibration, new_sound)
    return times, tempos


def _best_of(
    laid: lines.Lines,
    places: NDArray[np.int64],
    queries: Queries,
    compared: lines.Compared,
    calibration: Calibration,
    new_sound: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Choose each place's line, as if it were nowhere more alike beside it than the background is; with its score."""
    similarity = compared.along(laid.times, places)
    weighed = evidence.of_windows(similarity, queries.density, queries.density, calibration, new_sound)
    scores = evidence.best_stretches(weighed).score - _costs(laid.tempos)
    # Evidence has a ceiling, so lines side by side may tie; the one that is more alike lies better.
    scores += TIE * np.nan_to_num(similarity, nan=0.0).mean(axis=-1)
    best = np.argmax(scores, axis=1)
    every = np.arange(len(places))
    return laid.times[every, best], laid.tempos[best], scores[every, best]


def _costs(tempos: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(tempos - 1) > 1e-6, TEMPO_COST, 0.0)
