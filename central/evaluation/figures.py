"""From answers to figures: counts, and how sure they are. Pure: values in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from central.evaluation import calibration
from central.evaluation.answers import Answer, Asked, Heard
from central.evaluation.calibration import Chance

NEAR = 1.0  # seconds by which a right position may be off
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A share of a number of trials, with Wilson's interval for `CONFIDENCE` (Wilson 1927)."""

    count: int
    of: int

    @property
    def share(self) -> float:
        """0..1; not a number where nothing was tried."""
        return self.count / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest share that are likely."""
        if not self.of:
            return 0.0, 1.0
        z, n = 1.959964, self.of
        middle = (self.share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * float(np.sqrt(self.share * (1 - self.share) / n + z * z / (4 * n * n)))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Cell:
    """How one contestant did on the clips of one condition and length."""

    who: str
    condition: str
    seconds: float
    hit: Share  # accepted, the right recording, within `NEAR`: what is called recall
    first: Share  # the best answer is right, whether accepted or not
    recording: Share  # accepted and the right recording, wherever in it: music that repeats itself lies in several places
    wrong: Share  # accepted, and another recording
    off_median: float | None  # seconds, of the hits, without sign
    off_most: float | None  # seconds that 95 % of the hits keep below


@dataclass(frozen=True)
class Rate:
    """Events in some hours, with the upper bound of their rate for `CONFIDENCE` (Poisson, Garwood 1936)."""

    count: int
    hours: float

    @property
    def upper_bound(self) -> float:
        """Events an hour that are not exceeded, at that confidence, given these."""
        from scipy.stats import chi2

        return (
            float(chi2.ppf(CONFIDENCE, 2 * (self.count + 1)) / 2 / self.hours) if self.hours else float("inf")
        )


def thresholds(asked: Iterable[Asked], accept: float) -> dict[tuple[str, float], float]:
    """Give the score that each contestant's answer must reach, by contestant and length.

    Args:
        asked: Clips of known and unknown music.
        accept: What the box ships with; it is the same for every length.

    Returns:
        For the box's models what ships; for a peer the best score of any unknown clip of that length, which it must
        pass.
    """
    found: dict[tuple[str, float], float] = {}
    for one in asked:
        for answer in one.answers:
            key = (answer.who, answer.seconds)
            if answer.who in ("int8", "float"):
                found[key] = accept
            elif not one.known:
                found[key] = max(found.get(key, 0.0), float(np.nextafter(answer.score, np.inf)))
    return found


def cells(asked: Sequence[Asked], accept: float) -> list[Cell]:
    """Count the answers to clips of known music.

    Returns:
        By contestant, condition and length, in the order in which they come.
    """
    needed = thresholds(asked, accept)
    groups: dict[tuple[str, str, float], list[Answer]] = {}
    for one in asked:
        for answer in one.answers if one.known else ():
            groups.setdefault((answer.who, one.condition, answer.seconds), []).append(answer)
    return [
        _cell(who, condition, seconds, answers, needed.get((who, seconds), float("inf")))
        for (who, condition, seconds), answers in groups.items()
    ]


def _cell(who: str, condition: str, seconds: float, answers: list[Answer], needed: float) -> Cell:
    total = len(answers)
    accepted = [one for one in answers if one.score >= needed]
    hits = [one for one in accepted if _right(one)]
    off = [abs(one.off) for one in hits if one.off is not None]
    return Cell(
        who=who,
        condition=condition,
        seconds=seconds,
        hit=Share(len(hits), total),
        first=Share(sum(map(_right, answers)), total),
        recording=Share(sum(one.right for one in accepted), total),
        wrong=Share(sum(not one.right for one in accepted), total),
        off_median=round(float(np.median(off)), 3) if off else None,
        off_most=round(float(np.quantile(off, 0.95)), 3) if off else None,
    )


def _right(answer: Answer) -> bool:
    return answer.right and answer.off is not None and abs(answer.off) <= NEAR


def unknown_clips(asked: Sequence[Asked], accept: float) -> dict[tuple[str, float], Share]:
    """Count the clips of unknown music that were accepted as something, by contestant and length."""
    needed = thresholds(asked, accept)
    found: dict[tuple[str, float], Share] = {}
    for one in asked:
        for answer in () if one.known else one.answers:
            key = (answer.who, answer.seconds)
            before = found.get(key, Share(0, 0))
            found[key] = Share(before.count + (answer.score >= needed[key]), before.of + 1)
    return found


def false_plays(heard: Sequence[Heard], status: str = "identified") -> dict[str, Rate]:
    """Count the plays that were made of unknown sound, by what sounded, and `all`."""
    kinds = sorted({kind for one in heard for kind in one.seconds})
    hours = {kind: sum(one.seconds.get(kind, 0.0) for one in heard) / 3600 for kind in kinds}
    during = [_kind(play.during) for one in heard for play in one.plays if play.status == status]
    rates = {kind: Rate(during.count(kind), hours[kind]) for kind in kinds}
    return rates | {"all": Rate(len(during), sum(hours.values()))}


def chance(heard: Sequence[Heard]) -> Chance | None:
    """Follow the tail of what unknown sound scored; None if none was heard."""
    best = [score for one in heard for score in one.best]
    hours = sum(sum(one.seconds.values()) for one in heard) / 3600
    return calibration.tail(best, hours) if best else None


def _kind(during: str) -> str:
    if during.startswith("music"):
        return "music"
    return "speech" if "voice" in during else "noise"


def together(shares: Iterable[Share]) -> Share:
    """Add shares of several cells up."""
    some = list(shares)
    return Share(sum(one.count for one in some), sum(one.of for one in some))
