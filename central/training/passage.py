"""How much sound around a segment is needed to degrade it: the seconds before, whose echo is in it, and a little after."""

from dataclasses import dataclass

from device.features import PARAMETERS

LONGEST_RESPONSE = 27000  # samples; after 3.4 s even a church of T60 3.5 s is 58 dB down


@dataclass(frozen=True)
class Passage:
    """The parts of a passage, in samples at 8 kHz."""

    window: int  # the segment itself
    past: int = 2 * PARAMETERS.sample_rate  # music before the segment, for the room
    spare: int = PARAMETERS.sample_rate // 8  # after it, for faster playing

    @property
    def length(self) -> int:
        """All of it."""
        return self.past + self.window + self.spare

    @property
    def transform(self) -> int:
        """Length of the Fourier transforms, a product of 2, 3 and 5.

        Passage and response together are longer, so the end of the echo comes around to the beginning; but only as far
        as the past, which is cut away.
        """
        length = self.length + LONGEST_RESPONSE - self.past
        while not _smooth(length):
            length += 1
        return length


PASSAGE = Passage(PARAMETERS.window)


def _smooth(number: int) -> bool:
    for prime in (2, 3, 5):
        while number % prime == 0:
            number //= prime
    return number == 1
