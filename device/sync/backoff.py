"""How long to wait before trying again: longer each time, never too long, never all boxes at once."""

from dataclasses import dataclass


@dataclass
class Backoff:
    """Capped exponential backoff with full jitter.

    After a power cut in a whole town thousands of boxes come back in the same second; the jitter spreads them.
    (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
    """

    first: float = 1.0  # seconds, the upper end of the first wait
    longest: float = 120.0  # seconds
    least: float = 0.25  # seconds; also the luckiest of boxes must not spin
    failures: int = 0

    def failed(self, chance: float) -> float:
        """Count a failure and give the seconds to wait.

        Args:
            chance: Uniform in [0, 1), drawn by the caller.
        """
        ceiling = min(self.longest, self.first * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return max(self.least, ceiling * chance)

    def succeeded(self) -> None:
        """Start over: the next failure waits shortly."""
        self.failures = 0
