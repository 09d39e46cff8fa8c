"""What a check found: values and words, nothing else."""

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Outcome(Enum):
    """How a check ended."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    SKIP = "SKIP"  # it could not be made here; the words say why


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    number: int  # stays the same in every version: what one reads out on the telephone
    name: str
    outcome: Outcome
    words: str  # what was found, with figures
    advice: str = ""  # what to do; empty where nothing is to be done

    def __str__(self) -> str:
        """Give the line that a technician reads."""
        line = f"{self.outcome.value}  {self.number:2}  {self.name}: {self.words}"
        return f"{line}\n          {self.advice}" if self.advice else line

    def as_json(self) -> dict[str, Any]:
        """Give it for `--json`."""
        return {
            "number": self.number,
            "name": self.name,
            "outcome": self.outcome.value,
            "words": self.words,
            "advice": self.advice,
        }


@dataclass(frozen=True)
class Check:
    """One check: what it is called, and how it tells."""

    number: int
    name: str

    def passed(self, words: str) -> Finding:
        """Say that all is well."""
        return Finding(self.number, self.name, Outcome.PASS, words)

    def failed(self, words: str, advice: str) -> Finding:
        """Say what is wrong, and what to do."""
        return Finding(self.number, self.name, Outcome.FAIL, words, advice)

    def skipped(self, words: str, advice: str = "") -> Finding:
        """Say why it could not be checked."""
        return Finding(self.number, self.name, Outcome.SKIP, words, advice)
