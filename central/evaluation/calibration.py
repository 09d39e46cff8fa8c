"""Calibration: what similarities of a model mean, measured on degraded clips whose truth is known.

1. Windows along the true lines of known music, and windows along the best wrong lines, give a logistic
   regression: the evidence of one window (`device/match/evidence.py`).
2. Hours of unknown sound, heard by the box's own matcher with that evidence, give the highest scores that chance
   reaches; their tail is exponential (Karlin and Altschul 1990), so that it can be followed to rates that the
   hours alone would not show. The thresholds are where it meets the rates wanted.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from central.evaluation.clips import Cut
from central.evaluation.conditions import RATE, Sound
from device.catalogue.catalogue import Catalogue
from device.coverage import SILENT
from device.embedding import EmbeddingModel, Embeddings
from device.errors import Refused
from device.features import PARAMETERS, log_mel
from device.host import atomic_file
from device.match import alignment, evidence, lines, votes
from device.match.background import Background
from device.match.calibration import WEIGHTS, Calibration
from device.match.matcher import NEIGHBOURS, Matcher
from device.match.neighbours import Neighbours
from device.match.queries import Queries
from device.sound.segments import Segments

HOP = 0.5  # seconds from query to query, as the box takes them
FALSE_PLAYS_AN_HOUR = 0.005  # one in 200 hours of unknown sound
FALSE_CANDIDATES_AN_HOUR = 0.5
ABOVE_HIGHEST = 0.05  # how far a play's threshold lies above all that chance was seen to reach; the tail is what speaks for more
STRETCH = 15.0  # seconds; the highest score in each such stretch is one observation of chance
HELD = (
    1e-4  # how much large weights cost, each on the scale of its term's spread: terms that say the same share
)
FLOOR, CEILING = -2.0, 6.0  # limits of one window's evidence, natural log of odds
NEAR = 1.5  # seconds by which a place voted for may be off and still be the true one
VERSIONS = 0.6  # mean cosine of two references from which they are versions of one piece, and neither answer is wrong
WRONG_LINES = 3  # the best wrong places of a clip that are looked at


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows along lines, true or wrong."""

    similarity: NDArray[np.float32]  # (n,)
    beside: NDArray[np.float32]  # (n,)
    density: NDArray[np.float32]  # (n,)
    true: NDArray[np.bool_]  # (n,)


@dataclass(frozen=True)
class Chance:
    """What unknown sound scored."""

    hours: float
    highest: float
    onset: float  # score from which the tail is followed
    slope: float  # mean excess over the onset
    rate: float  # stretches an hour whose best score passes the onset

    def score_at(self, rate: float) -> float:
        """Give the score that chance passes so many times an hour."""
        return self.onset + self.slope * float(np.log(max(self.rate, 1e-9) / rate))


def embedded(sound: Sound, model: EmbeddingModel) -> tuple[NDArray[np.float64], Embeddings]:
    """Embed the segments of a sound that are not silent: positions in seconds (n,) and embeddings."""
    segments = [
        segment
        for segment in Segments(PARAMETERS.window, round(HOP * RATE), RATE).cut(sound)
        if segment.level >= SILENT
    ]
    if not segments:
        return np.empty(0), np.empty((0, model.dimension), dtype=np.float32)
    spectra = log_mel(np.stack([segment.samples for segment in segments]))
    return np.array([segment.position for segment in segments]), model.embed(spectra)


def windows(
    recording: str, cuts: Iterable[Cut], catalogue: Catalogue, model: EmbeddingModel, background: Background
) -> Windows | None:
    """Collect windows along true and along the best wrong lines of one recording's clips.

    Args:
        recording: Its id; the catalogue need not hold it.
        cuts: The clips.
        catalogue: What they are looked up in.
        model: What the catalogue was made with.
        background: What density is measured against.

    Returns:
        The windows; None where nothing sounded, or nothing was near.
    """
    neighbours = Neighbours(catalogue)
    number = catalogue.number(recording)
    found: list[Windows] = []

    def take(queries: Queries, place: votes.Candidate, times: NDArray[np.float64], is_true: bool) -> None:
        alike, beside = alignment.along(queries, times[None], [place.recording], catalogue)
        heard = ~np.isnan(alike[0])
        truth = np.full(int(heard.sum()), is_true)
        found.append(Windows(alike[0][heard], beside[0][heard], queries.density[heard], truth))

    for clip in cuts:
        positions, embeddings = embedded(clip.sound, model)
        if not len(positions):
            continue
        nearest = neighbours.nearest(embeddings, NEIGHBOURS)
        queries = Queries(positions, embeddings, background.density(embeddings), nearest)
        places = clip.start + clip.condition.speed * positions
        voted = votes.candidates(queries, catalogue, alignment.CANDIDATES)
        if number is not None:
            # As the matcher will see it: among the places voted for, along the best line there. What the votes do
            # not find, no evidence brings back, and would only blur what evidence is.
            middle = float(np.mean(places - positions))
            near = [p for p in voted if p.recording == number and abs(p.offset - middle) <= NEAR]
            for place in near[:1]:
                take(queries, place, _best_line(queries, place, catalogue), True)
        wrong = [place for place in voted if place.recording != number][:WRONG_LINES]
        for place in wrong:
            times = _best_line(queries, place, catalogue)
            if number is None or lines.likeness(catalogue, number, places, place.recording, times) < VERSIONS:
                take(queries, place, times, False)
    return joined(found) if found else None


def together(some: Sequence[Windows]) -> Windows:
    """Join windows.

    Raises:
        Refused: There are none to learn from, or only right or only wrong ones.
    """
    if not any(one.true.any() for one in some) or all(one.true.all() for one in some):
        raise Refused(
            "calibration-too-little-music",
            "The clips gave no windows that lie right, or none that lie wrong.",
            "Name more or longer music, some of it known and some of it not.",
        )
    return joined(some)


def joined(some: Sequence[Windows]) -> Windows:
    """Join windows of any kind, at least one set of them."""
    names = [field.name for field in fields(Windows)]
    return Windows(*(np.concatenate([getattr(one, name) for one in some]) for name in names))


def _best_line(queries: Queries, place: votes.Candidate, catalogue: Catalogue) -> NDArray[np.float64]:
    """Lay a bundle through a place and give the times of the line that is most alike, (n,) seconds in the recording."""
    laid = lines.bundle(queries.positions, [place.offset])
    along = lines.similarities(queries.embeddings, laid.times, [place.recording], catalogue)[0]
    best = int(np.argmax(np.nan_to_num(along, nan=-1.0).mean(axis=-1)))
    return np.asarray(laid.times[0, best])


def fit(found: Windows, model: str) -> Calibration:
    """Fit the evidence of a window; true and wrong windows weigh the same together.

    Returns:
        A calibration whose thresholds are not set yet.
    """
    terms = evidence.terms(found.similarity, found.beside, found.density).astype(np.float64)
    middle, spread = terms.mean(axis=0), terms.std(axis=0) + 1e-9
    inputs = np.column_stack([np.ones(len(terms)), (terms - middle) / spread])
    weight = np.where(found.true, 0.5 / found.true.sum(), 0.5 / (~found.true).sum())
    sign = np.where(found.true, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = sign * (inputs @ weights)
        slope = inputs.T @ (-weight * sign * expit(-odds))
        held = np.append(0.0, weights[1:])
        return float(
            np.sum(weight * np.logaddexp(0.0, -odds)) + HELD * (held @ held)
        ), slope + 2 * HELD * held

    fitted = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="BFGS").x
    weights = fitted[1:] / spread
    return Calibration(
        model=model,
        bias=float(fitted[0] - weights @ middle),
        **dict(zip(WEIGHTS, weights.tolist(), strict=True)),
        floor=FLOOR,
        ceiling=CEILING,
        accept=float("inf"),
        candidate=float("inf"),
    )


def best_scores(sound: Sound, matcher: Matcher, model: EmbeddingModel) -> list[float]:
    """Let the box's matcher hear unknown sound.

    Returns:
        The highest score of each `STRETCH` seconds in which something sounded.
    """
    matcher.forget()
    stretches: dict[int, float] = {}
    for position, embedding in zip(*embedded(sound, model), strict=True):
        score = max((match.score for match in matcher.hear(float(position), embedding)), default=0.0)
        stretch = int(position // STRETCH)
        stretches[stretch] = max(stretches.get(stretch, 0.0), score)
    matcher.forget()
    return list(stretches.values())


def tail(best: Sequence[float], hours: float) -> Chance:
    """Follow the tail of what unknown sound scored: above its highest tenth the excess is taken for exponential.

    Args:
        best: The highest score of each `STRETCH` seconds.
        hours: That they lasted together.
    """
    scores = np.sort(np.array(best, dtype=np.float64))
    onset = float(np.quantile(scores, 0.9))
    excess = scores[scores > onset] - onset
    slope = float(excess.mean()) if len(excess) else 0.0
    return Chance(hours, float(scores[-1]), onset, slope, len(excess) / hours)


def with_thresholds(fitted: Calibration, found: Chance) -> Calibration:
    """Set the thresholds where chance meets the rates wanted, never below what it was seen to reach.

    Raises:
        Refused: Nothing passed the onset, so that there is no tail to follow; a box would not take such a calibration.
    """
    if not found.slope > 0:
        raise Refused(
            "unknown-sound-too-short",
            f"In {found.hours:.2f} hours of unknown sound no score passed the {found.onset:.2f} from which chance is followed.",
            "Let more be heard: more --hours, of more files.",
        )
    accept = max(found.score_at(FALSE_PLAYS_AN_HOUR), found.highest + ABOVE_HIGHEST)
    candidate = found.score_at(FALSE_CANDIDATES_AN_HOUR)
    return replace(fitted, accept=round(accept, 3), candidate=round(min(candidate, accept), 3))


def write(path: Path, calibration: Calibration, found: Chance) -> None:
    """Write a calibration with what it was measured on."""
    content = asdict(calibration) | {"chance": asdict(found)}
    atomic_file.replace(path, (json.dumps(content, indent=2) + "\n").encode())


def background_vectors(
    files: Iterable[Path], model: EmbeddingModel, count: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Draw vectors from music that no catalogue is to hold, the same number from each file.

    Returns:
        (at most count, dimension) int8.
    """
    from central.catalogue.fingerprinting import fingerprint

    all_files = list(files)
    each = -(-count // len(all_files))
    drawn = []
    for file in all_files:
        vectors = fingerprint(file, model, hop=2.0, report=print).vectors
        vectors = vectors[np.any(vectors, axis=1)]
        drawn.append(vectors[rng.permutation(len(vectors))[:each]])
    joined = np.concatenate(drawn)
    return np.asarray(joined[rng.permutation(len(joined))[:count]])
