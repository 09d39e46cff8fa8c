"""From the card's rate to the model's, sample for sample the same however the stream is cut."""

import numpy as np
import soxr

from device.sound.block import Samples


class Resampler:
    """A streaming resampler of one mono sound (SoX Resampler, quality HQ: linear phase, over 100 dB of rejection).

    Two things surprise. The output of a call does not belong to the input of that call: the filter holds sound
    back, up to 0.2 s of it, and gives it with later calls. Over a whole sound nothing shifts: output sample i
    is the input at i / output_rate seconds. And a resampler that was flushed by `last` starts a new sound, which is
    what to do where samples were lost, so that the filter does not blend what lies either side of a gap.
    """

    def __init__(self, input_rate: int, output_rate: int) -> None:
        """Prepare for one pair of rates; where they are equal, samples pass unchanged.

        Args:
            input_rate: Hz, of what comes in.
            output_rate: Hz, of what goes out.
        """
        if input_rate <= 0 or output_rate <= 0:
            raise ValueError(f"A rate is above 0 Hz: {input_rate}, {output_rate}.")
        self.input_rate = input_rate
        self.output_rate = output_rate
        self._taken = self._given = 0
        self._stream = None
        if input_rate != output_rate:
            self._stream = soxr.ResampleStream(input_rate, output_rate, 1, dtype="float32", quality="HQ")

    @property
    def delay(self) -> float:
        """How many seconds of sound the filter holds back at this moment."""
        return self._taken / self.input_rate - self._given / self.output_rate

    def resample(self, samples: Samples, last: bool = False) -> Samples:
        """Take the next samples of the sound, give those that are ready.

        Args:
            samples: (n,) mono at the input rate, any n, 0 too; only read. At equal rates the same array comes back.
            last: The sound ends here: give what the filter holds back too, and start afresh at the next call.

        Returns:
            (m,) mono at the output rate, the caller's. Over a sound of n the m add up to
            n × output_rate / input_rate, to the nearest sample.
        """
        if self._stream is None:
            return samples
        ready: Samples = self._stream.resample_chunk(
            np.ascontiguousarray(samples, dtype=np.float32), last=last
        )
        self._taken += len(samples)
        self._given += len(ready)
        if last:
            self._stream.clear()
            self._taken = self._given = 0
        return ready
