"""A box as it is declared: which box it is, and where it will hear."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from device.errors import Refused
from device.record.reports import BOX_NAME
from provisioning import network
from provisioning.network import CABLE, Network

LANGUAGES = ("kk", "ru", "en")
LONGEST_TEXT = 120  # characters of a venue, a hall, a contract or a microphone's name
NEEDED = ("id", "venue", "hall", "language")
OPTIONAL = ("contract", "microphone", *network.COLUMNS)


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
    contract: str = ""  # number of the venue's contract for the use of music
    network: Network = CABLE

    def __post_init__(self) -> None:
        """Refuse what is not fit.

        Raises:
            Refused: The first fault found, as `faults` words it.
        """
        for column, fault in self.faults(_flat(self)):
            raise Refused(
                "declaration-faulty",
                f"The {column} of the box is not fit: {fault}.",
                "Correct it and try again.",
            )

    @classmethod
    def declared(cls, fields: Mapping[str, str]) -> "Box":
        """Take a box from its fields by their names, those of its network among them; what is optional may be missing.

        Raises:
            Refused: The first fault found, as `faults` words it.
        """
        own = {name: value for name, value in fields.items() if name not in network.COLUMNS}
        return cls(**own, network=Network(**{name: fields.get(name, "") for name in network.COLUMNS}))

    @staticmethod
    def faults(declared: Mapping[str, str]) -> list[tuple[str, str]]:
        """Find what is wrong with a declaration, so that a batch can name all faults at once.

        Args:
            declared: The fields of a box by their names, NEEDED and whatever there is of OPTIONAL.

        Returns:
            Pairs of the field and a sentence without its full stop; empty if all is well.
        """
        declared = {**dict.fromkeys(OPTIONAL, ""), **declared}
        found = []
        if not re.fullmatch(BOX_NAME, declared["id"]):
            found.append(
                (
                    "id",
                    f'"{declared["id"]}" is not 3 to 32 lower-case letters, digits and hyphens (first no hyphen)',
                )
            )
        for name in ("venue", "hall", "contract", "microphone"):
            text = declared[name]
            if not text.strip() and name in NEEDED:
                found.append((name, "it is empty"))
            elif len(text) > LONGEST_TEXT:
                found.append((name, f"it has {len(text)} characters, {LONGEST_TEXT} are allowed"))
            elif not text.isprintable():
                found.append((name, "it holds a line break or another character that cannot be printed"))
        if declared["language"] not in LANGUAGES:
            found.append(("language", f'"{declared["language"]}" is not one of {", ".join(LANGUAGES)}'))
        return found + network.faults(declared)


def _flat(box: Box) -> dict[str, str]:
    fields: dict[str, str] = {**vars(box.network), **vars(box)}
    del fields["network"]
    return fields
