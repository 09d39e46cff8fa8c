"""Stretches of a stream."""

from collections.abc import Iterable
from dataclasses import dataclass

# Seconds between spans below which they are told as one.
JOIN = 1.0


@dataclass(frozen=True)
class Span:
    """A stretch of the stream."""

    start: float  # seconds
    end: float  # seconds

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


def joined(spans: tuple[Span, ...], new: Span) -> tuple[Span, ...]:
    """Unite a span with those that it touches."""
    before = [span for span in spans if span.end + JOIN < new.start]
    after = [span for span in spans if span.start - JOIN > new.end]
    touched = [span for span in spans if span not in before and span not in after]
    united = Span(min([new.start, *(s.start for s in touched)]), max([new.end, *(s.end for s in touched)]))
    return (*before, united, *after)


def common_seconds(some: Iterable[Span], others: tuple[Span, ...]) -> float:
    """Give for how many seconds there is a span in both; neither's spans overlap each other."""
    pairs = ((mine, its) for mine in some for its in others)
    return sum(max(0.0, min(a.end, b.end) - max(a.start, b.start)) for a, b in pairs)
