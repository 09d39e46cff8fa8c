"""Fingerprinting: a file of music becomes vectors, by the very code that the box hears with.

replay.blocks -> Resampler -> Segments -> log_mel -> EmbeddingModel -> quantise
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.catalogue.part import Vectors
from device.embedding import EmbeddingModel, quantise
from device.errors import Refused
from device.features import PARAMETERS, log_mel
from device.sound.replay import blocks
from device.sound.resample import Resampler
from device.sound.segments import Segment, Segments

# Seconds from one vector of a reference to the next. The box reads it from the catalogue.
REFERENCE_HOP = 0.5

# dBFS of a window below which nothing sounds in it: far under quiet music, above the dither of a digital master. Such
# a window gets the zero vector, which resembles nothing; as a spectrogram it would resemble all other noise.
SILENT = -80.0

_WINDOWS_AT_ONCE = 64  # keeps the memory for a file of any length constant
_SECONDS_AT_ONCE = 5.0  # any cutting gives the same vectors; long blocks cost less


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What a file sounds like."""

    vectors: Vectors  # (n, dimension), n > 0; vector k starts k * hop into the file, but for the last
    seconds: float  # how long the file sounds
    last_seconds: float  # where the last window starts: it ends with the file's last sample


def fingerprint(path: Path, model: EmbeddingModel, hop: float, report: Callable[[str], None]) -> Fingerprint:
    """Fingerprint a file of any length in constant memory.

    A file shorter than a window is one window, filled up with silence at its end.

    Args:
        path: A file of any format that ffmpeg reads.
        model: The embedding model.
        hop: Seconds from one vector to the next.
        report: Told, in one sentence, that the file was damaged or cut short.

    Raises:
        Refused: It cannot be read, or nothing sounds in it.
    """
    windows = _Windows(round(hop * PARAMETERS.sample_rate))
    found: list[Vectors] = []
    batch: list[Segment] = []
    for segment in windows.of(path, report):
        batch.append(segment)
        if len(batch) == _WINDOWS_AT_ONCE:
            found.append(_embed(batch, model))
            batch = []
    if batch:
        found.append(_embed(batch, model))
    if not any(vectors.any() for vectors in found):
        raise Refused("sound-silent", f"{path} is silent from its beginning to its end.", "Leave it out.")
    vectors = np.concatenate(found)
    return Fingerprint(
        vectors, windows.samples / PARAMETERS.sample_rate, windows.last / PARAMETERS.sample_rate
    )


class _Windows:
    """Cuts a file into windows that cover it to its last sample."""

    def __init__(self, hop: int) -> None:
        self.samples = 0  # at the model's rate, so far
        self.last = 0  # samples before the last window, so far
        self._hop = hop

    def of(self, path: Path, report: Callable[[str], None]) -> Iterator[Segment]:
        segments = Segments(PARAMETERS.window, self._hop, PARAMETERS.sample_rate)
        tail = np.empty(0, dtype=np.float32)
        for samples in _resampled(path, report):
            self.samples += len(samples)
            tail = np.concatenate((tail, samples))[-PARAMETERS.window :]
            for segment in segments.cut(samples):
                self.last = round(segment.position * PARAMETERS.sample_rate)
                yield segment
        if 0 < self.samples < PARAMETERS.window:
            yield Segment(np.pad(tail, (0, PARAMETERS.window - len(tail))), 0.0)
        elif self.last + PARAMETERS.window < self.samples:
            self.last = self.samples - PARAMETERS.window
            yield Segment(tail, self.last / PARAMETERS.sample_rate)


def _resampled(path: Path, report: Callable[[str], None]) -> Iterator[NDArray[np.float32]]:
    """Give a file's sound at the model's rate."""
    resampler: Resampler | None = None
    for block in blocks(path, _SECONDS_AT_ONCE, report=report):
        resampler = resampler or Resampler(block.rate, PARAMETERS.sample_rate)
        yield resampler.resample(block.samples)
    if resampler is not None:
        yield resampler.resample(np.empty(0, dtype=np.float32), last=True)


def _embed(batch: list[Segment], model: EmbeddingModel) -> Vectors:
    windows = np.stack([segment.samples for segment in batch])
    vectors = quantise(model.embed(log_mel(windows)))
    vectors[[segment.level < SILENT for segment in batch]] = 0
    return vectors
