"""How well a model finds test music in simulated rooms: the quick figure that decides between two models.

Some packages are left out of the catalogue: their clips are unknown music, and the highest score any of them reaches is the
threshold at which nothing unknown is accepted. Whole packages, because a game's tracks often share material, and a
variation of a known piece is not unknown. Scores are mean cosines along the best line, references 1 s
apart, queries 0.5 s. The clips are those of the full evaluation (`estu-central evaluate`), which measures what ships: with
the matcher, its thresholds and all conditions.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from central.evaluation.clips import make
from central.evaluation.conditions import PROTOCOL, Condition
from central.training.likeness import Embed
from device.features import PARAMETERS, FeatureParameters, log_mel

RATE = PARAMETERS.sample_rate
REFERENCE_HOP = RATE  # samples
QUERY_HOP = RATE // 2
_NEAR = 1.0  # s by which a right position may be off

_NAMES = (
    "dry, no noise",
    "cinema, no noise",
    "hall, no noise",
    "theatre, audience 5 dB",
    "theatre, audience 0 dB",
    "cinema, dialogue 0 dB",
    "cinema, dialogue -5 dB",
    "speed +4 %",
)
CONDITIONS = tuple(condition for condition in PROTOCOL if condition.name in _NAMES)


@dataclass(frozen=True)
class Clip:
    """A piece of a track as a box would hear it."""

    condition: str
    track: int
    position: float  # s in the track
    seconds: int
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Cell:
    """Figures of one condition and length."""

    condition: str
    seconds: int
    clips: int
    first: float  # share whose best line is the right track at the right place
    accepted: float  # share that also scores above every unknown clip of this length
    margin: float  # median of the right track's score less the best wrong one's


def clips(
    tracks: Sequence[NDArray[np.int16]],
    talks: Sequence[NDArray[np.float32]],
    count: int,
    seconds: Sequence[int] = (5, 10),
    conditions: Sequence[Condition] = CONDITIONS,
) -> Iterator[Clip]:
    """Cut and degrade clips, the same ones at every call.

    Args:
        tracks: Test music, 8 kHz.
        talks: Test speech, 8 kHz.
        count: Clips of each condition and length, spread over the tracks.
        seconds: Lengths.
        conditions: What the clips go through.

    Yields:
        Clips; the longer ones begin where the shorter ones do. None of a track that is short or silent.
    """
    rng = np.random.default_rng(2024)
    order = np.resize(rng.permutation(len(tracks)), count)
    for condition in conditions:
        for track in map(int, order):
            made = make(_sound(tracks[track]), talks, condition, max(seconds), rng)
            if made is not None:
                heard, position = made
                for length in seconds:
                    yield Clip(condition.name, track, position, length, heard[: length * RATE])


def measure(
    embed: Embed,
    tracks: Sequence[NDArray[np.int16]],
    unknown: Container[int],
    heard: Sequence[Clip],
    parameters: FeatureParameters = PARAMETERS,
) -> list[Cell]:
    """Look every clip up.

    Args:
        embed: From spectrograms to unit vectors, a box's model or a network.
        tracks: What `clips` was given.
        unknown: Numbers of the tracks that are not in the catalogue.
        heard: What `clips` gave.
        parameters: Only training experiments give others than the box's.

    Returns:
        One cell for each condition and length.
    """

    def vectors(samples: NDArray[np.float32], hop: int) -> NDArray[np.float32]:
        return embed(log_mel(_windows(samples, parameters.window, hop), parameters))

    library = _Library(
        {
            number: vectors(_sound(track), REFERENCE_HOP)
            for number, track in enumerate(tracks)
            if number not in unknown
        }
    )
    found = [(clip, *_look_up(vectors(clip.samples, QUERY_HOP), clip, library)) for clip in heard]
    cells = []
    for condition in dict.fromkeys(clip.condition for clip in heard):
        for length in sorted({clip.seconds for clip in heard}):
            threshold = max(
                best
                for clip, best, _, _ in found
                if clip.track not in library.tracks and clip.seconds == length
            )
            here = [
                (best, right, margin)
                for clip, best, right, margin in found
                if clip.track in library.tracks and (clip.condition, clip.seconds) == (condition, length)
            ]
            cells.append(
                Cell(
                    condition,
                    length,
                    clips=len(here),
                    first=float(np.mean([right for _, right, _ in here])),
                    accepted=float(np.mean([right and best > threshold for best, right, _ in here])),
                    margin=float(np.median([margin for _, _, margin in here])),
                )
            )
    return cells


def table(models: dict[str, list[Cell]]) -> str:
    """Set models side by side, as Markdown.

    Args:
        models: Cells by the model's name, all measured on the same clips.

    Returns:
        Lines of `first / accepted / margin`, in per cent but for the margin.
    """
    lines = ["| clip | " + " | ".join(models) + " |", "|---" * (1 + len(models)) + "|"]
    for row in zip(*models.values(), strict=True):
        figures = [f"{100 * cell.first:.0f} / {100 * cell.accepted:.0f} / {cell.margin:+.2f}" for cell in row]
        lines.append(f"| {row[0].condition}, {row[0].seconds} s | " + " | ".join(figures) + " |")
    return "\n".join(lines)


def _sound(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(32768)


def _windows(samples: NDArray[np.float32], window: int, hop: int) -> NDArray[np.float32]:
    return np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]


class _Library:
    """References of all known tracks, one after the other."""

    def __init__(self, references: dict[int, NDArray[np.float32]]) -> None:
        self.tracks = list(references)
        self._vectors = np.concatenate(list(references.values()))
        self._lengths = [len(vectors) for vectors in references.values()]
        self._begins = np.cumsum([0, *self._lengths])

    def best_lines(self, queries: NDArray[np.float32]) -> dict[int, tuple[float, float]]:
        """Give each track's highest mean cosine along a line, and the line's place in seconds.

        Lines start half a second apart; none crosses from one track into the next.
        """
        similar = queries @ self._vectors.T
        best = dict.fromkeys(self.tracks, (-1.0, 0.0))
        for phase in (0, 1):
            columns = [(step + phase) // 2 for step in range(len(queries))]
            width = similar.shape[1] - columns[-1]
            lines = np.mean([row[c : c + width] for row, c in zip(similar, columns, strict=True)], axis=0)
            for track, begin, length in zip(self.tracks, self._begins, self._lengths, strict=False):
                inside = lines[begin : begin + length - columns[-1]]
                if len(inside):
                    place = int(inside.argmax())
                    best[track] = max(best[track], (float(inside[place]), place + phase / 2))
        return best


def _look_up(queries: NDArray[np.float32], clip: Clip, library: _Library) -> tuple[float, bool, float]:
    """Find the best line; give its score, whether it is right, and the right track's lead over the others."""
    scores = library.best_lines(queries)
    number, (best, position) = max(scores.items(), key=lambda scored: scored[1][0])
    right = number == clip.track and abs(position - clip.position) <= _NEAR
    if clip.track not in scores:
        return best, False, 0.0
    wrong = max(score for other, (score, _) in scores.items() if other != clip.track)
    return best, right, scores[clip.track][0] - wrong
