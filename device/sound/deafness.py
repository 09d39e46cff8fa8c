"""Tells a deaf microphone, and a covered one, from a quiet hall.

Rules:
1. A quiet hall is never called deaf or covered. Where the physics leaves both open, nothing is said.
2. What was said is taken back as soon as sound proves it wrong.
"""

from typing import Protocol

from device.sound.second import Second

# Samples that do not differ at all for so long come from no analogue part: the card gives numbers without hearing.
CONSTANT_FOR = 2  # seconds


class Judge(Protocol):
    """Whoever says whether a microphone hears."""

    @property
    def deaf(self) -> bool:
        """It gives nothing that it could have heard."""

    @property
    def covered(self) -> bool:
        """Something lies over it."""

    @property
    def tells_covered(self) -> bool:
        """Whether it would notice a cover."""

    def hear(self, second: Second) -> None:
        """Take the next second."""


class Trust:
    """Judges nothing: a file in the microphone's place may be silent."""

    deaf = covered = tells_covered = False

    def hear(self, second: Second) -> None:
        """Take the next second."""


class Deafness:
    """Judges a microphone by what it gives."""

    covered = False
    tells_covered = False

    def __init__(self) -> None:
        """Begin without a suspicion."""
        self._constant = 0

    @property
    def deaf(self) -> bool:
        """It gives nothing that it could have heard."""
        return self._constant >= CONSTANT_FOR

    def hear(self, second: Second) -> None:
        """Take the next second."""
        self._constant = self._constant + 1 if second.constant else 0
