"""What an evaluation is made from: files of music, speech and noise, none of which the model was trained on.

Rules:

- Known and unknown music share no folder: pieces of one game or album share material, and a variation of a known
  piece is not unknown.
- The corpus's `reserved` side is never named here. Whoever has it names its folders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from central.catalogue import sources
from device.errors import Refused

# Packages of the corpus's test side whose music the catalogue does not hold: every third of them.
UNKNOWN_TURN = 3
REFERENCES = 400  # recordings in the catalogue, as far as there is music
NOISES = 300  # short sounds, out of thousands


@dataclass(frozen=True)
class Material:
    """Files, each in one part only."""

    known: tuple[Path, ...]  # in the catalogue, and clips are made of them
    beside: tuple[Path, ...]  # in the catalogue, so that it is not too easy; never played
    unknown: tuple[Path, ...]  # not in the catalogue
    speech: tuple[Path, ...]
    noise: tuple[Path, ...]  # effects, crowds, machines; may be empty

    def __post_init__(self) -> None:
        """Refuse music that would be known and unknown at once, and what cannot be measured without.

        Raises:
            Refused: A part that is needed is empty, or two overlap.
        """
        both = (set(self.known) | set(self.beside)) & set(self.unknown)
        if both:
            raise Refused(
                "evaluation-known-and-unknown",
                f"{min(both)} is named as known and as unknown music.",
                "Give each file to one side.",
            )
        for name, files in (("known", self.known), ("unknown", self.unknown), ("speech", self.speech)):
            if not files:
                raise Refused(
                    f"evaluation-no-{name}",
                    f"There is no {name} sound to measure with.",
                    f"Name some with --{name}.",
                )


def from_folders(
    known: Sequence[Path],
    unknown: Sequence[Path],
    speech: Sequence[Path],
    noise: Sequence[Path] = (),
    beside: Sequence[Path] = (),
) -> Material:
    """Find the files in folders.

    Raises:
        Refused: A folder is missing or holds no sound, or two parts overlap.
    """

    def files(named: Sequence[Path]) -> tuple[Path, ...]:
        return sources.find(named).files if named else ()

    found = files(known)
    return Material(
        known=found,
        beside=tuple(file for file in files(beside) if file not in found),
        unknown=files(unknown),
        speech=files(speech),
        noise=files(noise),
    )


def from_corpus(cache: Path | None = None, references: int = REFERENCES) -> Material:
    """Take the corpus's test side, and music of its train side to fill the catalogue up.

    Only what was fetched of the train side is used, some of every package; nothing of it is ever played.

    Args:
        cache: Where fetched sound is kept; its usual place if not given.
        references: How many recordings the catalogue is to hold.

    Raises:
        Waiting: The package mirror does not answer.
    """
    from central.training import corpus

    unknown = corpus.names("test")[::UNKNOWN_TURN]
    known = corpus.fetch([name for name in corpus.names("test") if name not in unknown], cache)
    there = corpus.fetch(corpus.fetched("train", "music", cache), cache)
    (shortest_word, longest_word), (shortest, longest) = corpus.LENGTHS["speech"], corpus.LENGTHS["noise"]
    noises = corpus.fetch(corpus.names("test", "noise"), cache, shortest, longest)
    return Material(
        known=tuple(known),
        beside=_spread(there, references - len(known)),
        unknown=tuple(corpus.fetch(unknown, cache)),
        speech=tuple(corpus.fetch(corpus.names("test", "speech"), cache, shortest_word, longest_word)),
        noise=_spread([file for file in noises if "music" not in file.parts], NOISES),  # jingles are no noise
    )


def _spread(files: Sequence[Path], most: int) -> tuple[Path, ...]:
    """Take so many at most, evenly from begin to end."""
    count = min(len(files), max(0, most))
    return tuple(files[turn * len(files) // count] for turn in range(count))
