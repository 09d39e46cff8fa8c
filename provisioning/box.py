"""A box as it is declared: which box it is, and where it will hear."""

import re
from dataclasses import dataclass

from device.errors import Refused
from device.record.reports import BOX_NAME

LANGUAGES = ("kk", "ru", "en")
LONGEST_TEXT = 120  # characters of a venue, a hall or a microphone's name


@dataclass(frozen=True)
class Box:
    """What a technician declares of a box, every field already found fit.

    The box id goes into certificates, topics, file names and each signed event, so its form is narrow.
    It is never used twice: the events of a box are told apart by the id and their number alone.
    """

    id: str
    venue: str  # as the register of users of music knows it
    hall: str
    language: str  # of LANGUAGES: what the page speaks at first
    microphone: str = ""  # part of the sound card's name, or its USB identity; empty: the only USB one

    def __post_init__(self) -> None:
        """Refuse what is not fit.

        Raises:
            Refused: The first fault found, as `faults` words it.
        """
        for column, fault in self.faults(vars(self)):
            raise Refused(
                "declaration-faulty",
                f"The {column} of the box is not fit: {fault}.",
                "Correct it and try again.",
            )

    @staticmethod
    def faults(declared: dict[str, str]) -> list[tuple[str, str]]:
        """Find what is wrong with a declaration, so that a batch can name all faults at once.

        Args:
            declared: The fields of a box by their names.

        Returns:
            Pairs of the field and a sentence without its full stop; empty if all is well.
        """
        found = []
        if not re.fullmatch(BOX_NAME, declared["id"]):
            found.append(
                (
                    "id",
                    f'"{declared["id"]}" is not 3 to 32 lower-case letters, digits and hyphens (first no hyphen)',
                )
            )
        for name in ("venue", "hall", "microphone"):
            text = declared[name]
            if not text.strip() and name != "microphone":
                found.append((name, "it is empty"))
            elif len(text) > LONGEST_TEXT:
                found.append((name, f"it has {len(text)} characters, {LONGEST_TEXT} are allowed"))
            elif not text.isprintable():
                found.append((name, "it holds a line break or another character that cannot be printed"))
        if declared["language"] not in LANGUAGES:
            found.append(("language", f'"{declared["language"]}" is not one of {", ".join(LANGUAGES)}'))
        return found
