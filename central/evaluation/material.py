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

# Packages of the corpus's test side, or folders, whose music the catalogue does not hold: every third of them.
UNKNOWN_TURN = 3
REFERENCES = 400  # recordings in the catalogue, as far as there is music
NOISES = 120  # short sounds, out of thousands
SPOKEN = 240  # utterances, out of thousands


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
    found = sounds(known)
    return Material(
        known=found,
        beside=tuple(file for file in sounds(beside) if file not in found),
        unknown=sounds(unknown),
        speech=sounds(speech),
        noise=sounds(noise),
    )


def sounds(named: Sequence[Path]) -> tuple[Path, ...]:
    """Find the sound in files and folders; none where none are named."""
    return sources.find(named).files if named else ()


def divided(music: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Divide anybody's music into known and unknown: every third folder is unknown, whole.

    Where there are fewer than three folders with music, every third file is; then albums lie on both sides, and an unknown
    piece may be a variation of a known one.

    Args:
        music: Files and folders.

    Returns:
        The files that the catalogue will hold, and those that it will not.

    Raises:
        Refused: A folder is missing or holds no sound.
    """
    files = sources.find(music).files
    folders = sorted({file.parent for file in files})
    whole = len(folders) >= UNKNOWN_TURN
    left_out = set((folders if whole else files)[UNKNOWN_TURN - 1 :: UNKNOWN_TURN])
    unknown = tuple(file for file in files if (file.parent if whole else file) in left_out)
    return tuple(file for file in files if file not in unknown), unknown


def voices(cache: Path | None = None) -> tuple[Path, ...]:
    """Give the voices of the corpus's test side, fetched if need be.

    Raises:
        Waiting: The package mirror does not answer.
    """
    from central.training import corpus

    shortest, longest = corpus.LENGTHS["speech"]
    return tuple(corpus.fetch(corpus.names("test", "speech"), cache, shortest, longest))


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
    shortest, longest = corpus.LENGTHS["noise"]
    noises = corpus.fetch(corpus.names("test", "noise"), cache, shortest, longest)
    return Material(
        known=tuple(known),
        beside=_spread(there, references - len(known)),
        unknown=tuple(corpus.fetch(unknown, cache)),
        speech=_spread(voices(cache), SPOKEN),
        noise=_spread([file for file in noises if "music" not in file.parts], NOISES),  # jingles are no noise
    )


def _spread(files: Sequence[Path], most: int) -> tuple[Path, ...]:
    """Take so many at most, evenly from begin to end."""
    count = min(len(files), max(0, most))
    return tuple(files[turn * len(files) // count] for turn in range(count))
