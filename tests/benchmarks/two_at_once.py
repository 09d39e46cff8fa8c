"""Two recordings at once, real ones mixed: a crossfade from one to the other, and one under the other all the time.

`python -m tests.benchmarks two_at_once` hears the mixes as a stream, as a box does, and says of how many both recordings became
plays, one, or none; and which others did, that do not sound. The catalogue is the real music alone.
"""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from central.catalogue.builder import Nobody, Order, build
from central.evaluation import rooms
from central.evaluation.clips import load, make
from central.evaluation.conditions import RATE, Condition, Sound
from central.training import corpus
from device.embedding import shipped_model_path
from device.features import PARAMETERS, log_mel
from device.play import Plays, Status
from device.recogniser import QUERY_HOP, Recogniser, recogniser
from device.sound.segments import Segments
from tests.benchmarks.catalogue import PACKAGES, named_once
from tests.benchmarks.figure import Figure

MIXES = 30  # of each kind
ALONE = 20.0  # seconds that each sounds alone, beside a crossfade
FADE = 6.0  # seconds
TOGETHER = 30.0  # seconds
SOFTER = (0.0, 6.0, 12.0)  # dB by which the second is softer
PLACES = (Condition("dry"), Condition("hall", rooms.HALL))
HERE = Path("build/bench/two_at_once")

Pair = tuple[str, str]


def measure() -> Iterator[Figure]:
    """Mix, hear, and count."""
    shutil.rmtree(HERE, ignore_errors=True)
    files = corpus.fetch(PACKAGES)
    tracks = {file.stem: load(file) for file in named_once(files)}
    build(Order((*files,), HERE, shipped_model_path(), 2, datetime.now(UTC)), Nobody())
    with recogniser(HERE) as parts:
        for place in PLACES:
            faded = [_faded(*pair) for pair in _pairs(tracks, ALONE + FADE, place)]
            yield from _told(f"{place.name}, crossfade of {FADE:.0f} s", faded, parts)
            for decibels in SOFTER:
                under = [_under(*pair, decibels) for pair in _pairs(tracks, TOGETHER, place)]
                yield from _told(f"{place.name}, the second {decibels:.0f} dB softer", under, parts)


def _pairs(tracks: dict[str, Sound], seconds: float, place: Condition) -> Iterator[tuple[Pair, Sound, Sound]]:
    """Draw stretches of two tracks, heard at one place and equally loud."""
    rng = np.random.default_rng(5)
    names, given = sorted(tracks), 0
    while given < MIXES:
        pair = [names[number] for number in rng.choice(len(names), 2, replace=False)]
        cut = [make(tracks[name], (), place, seconds, rng) for name in pair]
        if cut[0] is None or cut[1] is None:
            continue
        first, second = (sound / np.sqrt(np.mean(np.square(sound))) * 0.1 for sound, _ in (cut[0], cut[1]))
        yield (pair[0], pair[1]), first, second
        given += 1


def _faded(pair: Pair, first: Sound, second: Sound) -> tuple[Pair, Sound]:
    """Let one follow the other with equal power."""
    rise = np.sin(np.linspace(0, np.pi / 2, round(FADE * RATE))).astype(np.float32)
    both = first[-len(rise) :] * rise[::-1] + second[: len(rise)] * rise
    return pair, np.concatenate([first[: -len(rise)], both, second[len(rise) :]])


def _under(pair: Pair, first: Sound, second: Sound, decibels: float) -> tuple[Pair, Sound]:
    length = min(len(first), len(second))
    return pair, first[:length] + second[:length] * np.float32(10 ** (-decibels / 20))


def _told(what: str, mixes: Sequence[tuple[Pair, Sound]], parts: Recogniser) -> Iterator[Figure]:
    found = [(pair, _plays(sound, parts)) for pair, sound in mixes]
    counts = [len({*pair} & names) for pair, names in found]
    right = sum(names <= {*pair} for pair, names in found)
    for count, word in (
        (counts.count(2), "both told"),
        (counts.count(1), "one told"),
        (right, "nothing told that does not sound"),
    ):
        yield Figure(f"{what}: {word}", float(count), "", "mixes", float(len(mixes)), True)


def _plays(sound: Sound, parts: Recogniser) -> set[str]:
    """Hear a mix as a stream, and give the recordings that became plays."""
    segments = list(Segments(PARAMETERS.window, round(QUERY_HOP * RATE), RATE).cut(sound))
    embeddings = parts.model.embed(log_mel(np.stack([segment.samples for segment in segments])))
    plays = Plays(parts.catalogue.thresholds.accept, parts.catalogue.thresholds.candidate)
    parts.matcher.forget()
    ended = []
    for segment, embedding in zip(segments, embeddings, strict=True):
        ended += plays.hear(segment.position, parts.matcher.hear(segment.position, embedding))
    ended += plays.finish()
    return {
        parts.catalogue.recording(play.recording).id for play in ended if play.status is Status.IDENTIFIED
    }
