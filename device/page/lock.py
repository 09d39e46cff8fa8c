"""How often a label code may be guessed.

Rules:
1. Wrong codes are counted for the whole box, not for each guesser: an address costs nothing to change.
2. After `TRIES` wrong ones nobody's code is looked at for a while; each wrong one after that doubles the while, up to
   `LONGEST`. A right code sets everything back.
3. Only what needs the code waits. Reading goes on, so a guesser keeps nobody from seeing how the box is doing.
"""

from dataclasses import dataclass

TRIES = 5
FIRST = 60.0  # seconds
LONGEST = 900.0  # seconds


@dataclass(frozen=True)
class Lock:
    """Wrong codes so far. Times are seconds on a monotonic clock."""

    wrong: int = 0
    until: float = 0.0

    def waits(self, now: float) -> float:
        """Give the seconds until a code is looked at again; 0 if one is now."""
        return max(0.0, self.until - now)

    def after_wrong(self, now: float) -> "Lock":
        """Count one more."""
        wrong = self.wrong + 1
        if wrong < TRIES:
            return Lock(wrong)
        return Lock(wrong, now + min(LONGEST, FIRST * 2.0 ** (wrong - TRIES)))
