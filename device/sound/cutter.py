"""From blocks at the card's rate to segments at the model's, gaps and changes of the card included."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

import numpy as np

from device.sound.block import Block
from device.sound.resample import Resampler
from device.sound.segments import Segment, Segments

_NOTHING = np.empty(0, dtype=np.float32)


class Cutter:
    """Resamples a stream of blocks and cuts it; the first block says at what rate it comes.

    The positions of segments are those of the blocks, also over months: after every gap they are taken anew from
    the block's own count. A sound card that comes back with another rate is followed.
    """

    def __init__(self, window: int, hop: int, rate: int) -> None:
        """Prepare to cut.

        Args:
            window: Samples in a segment, at `rate`.
            hop: Samples from the beginning of a segment to that of the next, at `rate`.
            rate: Hz, the model's.
        """
        self._segments = Segments(window, hop, rate)
        self._resampler = Resampler(rate, rate)
        self._next: int | None = None  # position at which the next block goes on without a gap
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        """How much of the stream is over, the lost sound counted; of a file, after its last block, its length."""
        return self._seconds

    @property
    def hop(self) -> float:
        """Seconds from the beginning of a segment to that of the next."""
        return self._segments.hop / self._segments.rate

    def cut(self, block: Block) -> Iterator[Segment]:
        """Take the next block, give the segments it completes; none spans what is missing before it.

        The filter holds up to 0.2 s back, so a segment may come two blocks late.
        """
        self._seconds = block.until
        goes_on = block.position == self._next and block.rate == self._resampler.input_rate
        self._next = block.position + len(block.samples)
        if goes_on:
            return self._segments.cut(self._resampler.resample(block.samples))
        before = self._flush()
        rate = self._segments.rate
        if block.rate != self._resampler.input_rate:
            self._resampler = Resampler(block.rate, rate)
        self._segments.restart(round(block.position * rate / block.rate))
        return chain(before, self._segments.cut(self._resampler.resample(block.samples)))

    def whole(self, blocks: Iterable[Block], at_once: int) -> Iterator[list[Segment]]:
        """Cut a sound that ends, to its last sample.

        Args:
            blocks: All of it.
            at_once: Segments to give together, so that a long file needs no more memory than a short one.
        """
        segments = self._all(blocks)
        while some := list(islice(segments, at_once)):
            yield some

    def finish(self) -> Iterator[Segment]:
        """Give the segments that are still to come, so that the last sample is in one; the blocks have ended.

        A sound shorter than a window is filled up with silence.
        """
        return chain(self._flush(), self._segments.finish())

    def _all(self, blocks: Iterable[Block]) -> Iterator[Segment]:
        for block in blocks:
            yield from self.cut(block)
        yield from self.finish()

    def _flush(self) -> Iterator[Segment]:
        return self._segments.cut(self._resampler.resample(_NOTHING, last=True))
