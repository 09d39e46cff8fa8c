"""What can go wrong, and what to do about it.

EstuError
├── Waiting   a microphone, a broker or the clock is away: wait, back off, say it once
├── Refused   a bad signature, a wrong digest, an unreadable file: reject, keep the last good one
└── Broken    this cannot go on: stop loudly, the service manager restarts
"""


class EstuError(Exception):
    """An error with a short code and an advice that a person without a screen can act on."""

    def __init__(self, code: str, message: str, advice: str) -> None:
        """Name the error.

        Args:
            code: Short, stable and in words, such as `catalogue-other-model`.
            message: What is wrong, and where.
            advice: What the reader can do about it.
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        """Give the sentence a person reads: what is wrong, what to do, and the code to look up."""
        return f"{self.message} {self.advice} [{self.code}]"


class Waiting(EstuError):
    """Something outside is away and may come back."""


class Refused(EstuError):
    """Something from outside is not accepted; what was there before stays."""


class Broken(EstuError):
    """Something the box cannot work without is gone."""
