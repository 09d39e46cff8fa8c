"""The month's draft programme-report: which works were used, as the user of music owes it to the society.

A line tells of one recording on one day. Nothing that was heard is left out for being short. What was not recognised
for certain stands in lines of its own, to be checked by a person before the report is signed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from device.page.history import Entry
from device.page.skim import Creator, Play
from device.page.stretch import local_date
from device.page.words import ROLES


@dataclass(frozen=True)
class Line:
    """One recording on one day."""

    date: date
    plays: tuple[Entry[Play], ...]  # all sure, or all unsure

    @property
    def _one(self) -> Play:
        return self.plays[0].told

    @property
    def sure(self) -> bool:
        """Say whether it was identified; if not, a person has to check it."""
        return self._one.sure

    @property
    def title(self) -> str:
        """The works' titles, or the recording's where no work is known."""
        titles = [work.title for work in self._one.works if work.title]
        return "; ".join(dict.fromkeys(titles)) or self._one.recording.title

    @property
    def performers(self) -> str:
        """Who performs in the recording."""
        return self._one.recording.artist or ""

    @property
    def isrc(self) -> str:
        """The recording's code, or nothing."""
        return self._one.recording.isrc or ""

    @property
    def iswc(self) -> str:
        """The works' codes, or nothing."""
        return "; ".join(spelt_iswc(work.iswc) for work in self._one.works if work.iswc)

    @property
    def times(self) -> tuple[datetime, ...]:
        """When it began, each time; UTC."""
        return tuple(entry.told.start for entry in self.plays)

    @property
    def count(self) -> int:
        """How often it was heard."""
        return len(self.plays)

    @property
    def seconds(self) -> float:
        """How long it was heard in all."""
        return sum(entry.told.seconds_heard for entry in self.plays)

    @property
    def ai_generated(self) -> bool:
        """Say whether the catalogue has it as made by a machine."""
        return self._one.ai_generated

    def authors(self, say: Callable[[str], str]) -> str:
        """Give the authors with their roles.

        Args:
            say: Translates a text.
        """
        told = dict.fromkeys(_author(creator, say) for work in self._one.works for creator in work.creators)
        return "; ".join(told)


def lines(plays: Iterable[Entry[Play]]) -> list[Line]:
    """Put plays of one recording on one day together, in the order in which they first began."""
    found: dict[tuple[date, str, bool], list[Entry[Play]]] = {}
    for entry in plays:
        key = (local_date(entry.told.start), entry.told.recording.id, entry.told.sure)
        found.setdefault(key, []).append(entry)
    return [Line(day, tuple(same)) for (day, _, _), same in found.items()]


def spelt_iswc(iswc: str) -> str:
    """Spell an ISWC as ISO 15707 prints it: T-034.524.680-1."""
    digits = "".join(character for character in iswc if character.isdigit())
    return f"T-{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}" if len(digits) == 10 else iswc


def _author(creator: Creator, say: Callable[[str], str]) -> str:
    role = creator.role
    if not role:
        return creator.name
    return f"{creator.name} ({say(ROLES[role]) if role in ROLES else role})"
