"""Fingerprinting: a file of music becomes vectors, by the very code that the box hears with.

replay.blocks -> Cutter -> log_mel -> EmbeddingModel -> quantise
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from device.catalogue.part import Vectors
from device.embedding import EmbeddingModel, quantise
from device.errors import Refused
from device.features import PARAMETERS, log_mel, log_mel_of_run
from device.sound.cutter import Cutter
from device.sound.replay import blocks
from device.sound.segments import Segment

# Seconds from one vector of a reference to the next. The box reads it from the catalogue.
REFERENCE_HOP = 0.5

# dBFS of a window below which nothing sounds in it: far under quiet music, above the dither of a digital master. Such
# a window gets the zero vector, which resembles nothing; as a spectrogram it would resemble all other noise.
SILENT = -80.0

_WINDOWS_AT_ONCE = 64  # keeps the memory for a file of any length constant
_SECONDS_AT_ONCE = 20.0  # any cutting gives the same vectors; long blocks cost less


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
    step = round(hop * PARAMETERS.sample_rate)
    cutter = Cutter(PARAMETERS.window, step, PARAMETERS.sample_rate)
    found: list[Vectors] = []
    last = 0.0
    for segments in cutter.whole(blocks(path, _SECONDS_AT_ONCE, report=report), _WINDOWS_AT_ONCE):
        found.append(_embed(segments, model, step))
        last = segments[-1].position
    if not any(vectors.any() for vectors in found):
        raise Refused("sound-silent", f"{path} is silent from its beginning to its end.", "Leave it out.")
    return Fingerprint(np.concatenate(found), cutter.seconds, last)


def _embed(batch: list[Segment], model: EmbeddingModel, hop: int) -> Vectors:
    vectors = quantise(model.embed(_spectrograms(batch, hop)))
    vectors[[segment.level < SILENT for segment in batch]] = 0
    return vectors


def _spectrograms(batch: list[Segment], hop: int) -> NDArray[np.float32]:
    """Compute the spectrograms of segments that follow each other by a hop; a file's last one may lie nearer."""
    if hop % PARAMETERS.hop:
        return log_mel(np.stack([segment.samples for segment in batch]))
    apart = hop / PARAMETERS.sample_rate
    even = all(abs(later.position - former.position - apart) < 1e-6 for former, later in pairwise(batch))
    run = batch if even else batch[:-1]
    samples = np.concatenate([run[0].samples, *(segment.samples[-hop:] for segment in run[1:])])
    spectra = log_mel_of_run(samples, hop, transform=scipy.fft.rfft)
    return spectra if even else np.concatenate([spectra, log_mel(batch[-1].samples[None])])
