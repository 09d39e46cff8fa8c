"""From the places that neighbours voted for to matches: exact comparison along lines in time.

Of the lines through each place the one whose best stretch has most evidence wins; of the places that sound at the
same time, the one with most; and what speaks for the next recording there speaks against it.
"""

from dataclasses import replace

import numpy as np

from device.catalogue.catalogue import Catalogue
from device.match import evidence, lines, votes
from device.match.calibration import Calibration
from device.match.match import Match, RunnerUp
from device.match.queries import Queries

CANDIDATES = 12  # places looked at exactly
TEMPO_COST = 1.0  # natural log of odds that a changed tempo must bring more: it is rare
TIE = 0.5  # natural log of odds that a mean similarity of 1 weighs among lines of one place
# What a rival, the best other recording of the same seconds, takes from a score: sound that resembles everything gives
# everything some evidence. Shares from 0.3 to 1 brought 1 to 3 points of recall among 334 recordings, at the score that
# chance passes as often; with fewer recordings there are fewer rivals, and less is won.
RIVALRY = 0.7  # share of its evidence
MOST_RIVAL = 4.0  # evidence that counts at most: two recordings may truly sound at once
SAME_SOUND = 0.85  # mean cosine of two references from which they are one sound released twice, and no rivals
ECHO = 0.5  # a match that lies by more than this part under a better one is its runner-up


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
        match = Match(
            recording=place.recording,
            start=float(queries.positions[first]),
            end=float(queries.positions[last]) + window,
            reference_start=max(0.0, float(laid.times[number, line, first])),
            tempo=round(float(laid.tempos[line]), 3),
            score=float(scores[number, line]),
            windows=last - first + 1,
            agreeing=int(np.count_nonzero(weighed[number, line, first : last + 1] > 0)),
            runner_up=None,
        )
        found.append(match)
    return _without_echoes(sorted(found, key=lambda match: -match.score), catalogue)


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
    rival = next((m for m in others if not _same_sound(match, m, catalogue)), None)
    less = RIVALRY * min(rival.score, MOST_RIVAL) if rival else 0.0
    return replace(match, score=match.score - less, runner_up=RunnerUp(best.recording, best.score))


def _same_sound(match: Match, other: Match, catalogue: Catalogue) -> bool:
    """Tell whether two matches lie on one sound under two names."""
    times = np.arange(max(match.start, other.start), min(match.end, other.end), catalogue.reference_hop)
    alike = lines.likeness(
        catalogue, match.recording, match.times(times), other.recording, other.times(times)
    )
    return alike > SAME_SOUND
