"""Thresholds: how good a match must be, and how anyone knows."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True)
class Thresholds:
    """The scores above which a match is believed, or at least written down.

    They belong to one model: scores of another mean something else.
    """

    accept: float  # a match that scores at least this is `identified`
    candidate: float  # one that scores less, but at least this, is kept as a `candidate`, never dropped
    model: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]  # hex SHA-256 of the model that was measured
    measured: str  # on what they were measured, in words; says so if they were not

    def __post_init__(self) -> None:
        """Refuse thresholds that contradict each other.

        Raises:
            ValueError: A candidate would need a better score than an accepted match, or one is not a number.
        """
        if not self.candidate <= self.accept:
            raise ValueError(f"A candidate's threshold {self.candidate} is above the accepted {self.accept}.")
