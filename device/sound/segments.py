"""Cut a sound into the overlapping segments that the model takes; none of them spans a gap."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from device.sound.block import Samples

QUIETEST = -120.0  # dBFS; below what 16 bits can say, and a number where digital silence has none


@dataclass(frozen=True, eq=False)
class Segment:
    """One window of sound at the model's rate.

    Its samples are read-only and shared with the segments that overlap it: whoever receives one may keep it, and
    copies it to change it.
    """

    samples: Samples  # (window,), full scale is -1..1
    position: float  # seconds since the stream began, of the first sample

    @cached_property
    def level(self) -> float:
        """The level in dBFS: RMS, a full-scale square wave being 0 (a sine -3), never below -120."""
        power = float(np.mean(np.square(self.samples, dtype=np.float64)))
        return max(QUIETEST, 10.0 * float(np.log10(power))) if power > 0.0 else QUIETEST


class Segments:
    """Cuts one stream into windows of equal length, the next beginning one hop after the last.

    However the stream is cut when it arrives, the same segments come out. After a gap the first window begins with
    the first sample after it; what was left over before it is dropped.
    """

    def __init__(self, window: int, hop: int, rate: int = 8000) -> None:
        """Start a stream at position 0.

        Args:
            window: Samples in a segment.
            hop: Samples from the beginning of a segment to that of the next, at most `window`.
            rate: Hz of the samples, to say positions in seconds.
        """
        if not 0 < hop <= window:
            raise ValueError(f"A hop is 1 to {window} samples, the window's length: {hop}.")
        self.window = window
        self.hop = hop
        self.rate = rate
        self.restart(0)

    def restart(self, position: int) -> None:
        """Go on behind a gap: the next sample stands at `position`, and the next window begins with it.

        Args:
            position: Samples since the stream began, the lost ones counted.
        """
        self._recent = np.empty(
            0, dtype=np.float32
        )  # from the beginning of the last window given, if any was
        self._spent = 0  # where in `_recent` the next window begins
        self._position = position  # of the first sample of `_recent`

    def cut(self, samples: Samples, lost: int = 0) -> Iterator[Segment]:
        """Take the next samples of the stream, give the segments they complete.

        The samples are taken at once, also where the segments are looked at later or never.

        Args:
            samples: (n,) mono, any n; only read, and copied.
            lost: Samples that went missing immediately before these.

        Returns:
            The segments completed, oldest first.
        """
        if lost < 0:
            raise ValueError(f"A gap cannot be {lost} samples long.")
        if lost:
            self.restart(self._position + len(self._recent) + lost)
        run = np.concatenate([self._recent, samples], dtype=np.float32)
        run.flags.writeable = False  # the segments are views of it
        first, position = self._spent, self._position
        count = max(0, (len(run) - first - self.window) // self.hop + 1)
        after = first + count * self.hop
        kept_from = max(0, after - self.hop)
        self._recent = run[kept_from:].copy()  # a view would keep all of a long run in memory
        self._spent = after - kept_from
        self._position = position + kept_from
        return (
            Segment(run[at : at + self.window], (position + at) / self.rate)
            for at in range(first, after, self.hop)
        )

    def finish(self) -> Iterator[Segment]:
        """Give the last segment of a sound that ends here, so that its last samples are in one.

        It ends with the last sample, so it lies less than a hop behind the one before. A sound shorter than a window
        is filled up with silence. There is none if the last segment already ended there.
        """
        recent, end = self._recent, self._position + len(self._recent)
        given = self._spent > 0
        self.restart(end)
        if not len(recent) or (given and len(recent) == self.window):
            return
        window = np.zeros(self.window, dtype=np.float32)
        window[: len(recent)] = recent[-self.window :]
        window.flags.writeable = False
        yield Segment(window, (end - min(self.window, len(recent))) / self.rate)
