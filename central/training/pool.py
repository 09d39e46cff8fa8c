"""Prepared views: spectrograms of the same places in many tracks, clean and degraded.

Degrading costs more than a training step can wait for, so chunks are made beforehand, or beside the training, which takes
up new ones as they appear. A chunk is a folder that appears whole:

    views.npy   uint8 (anchors, views, bands, frames); view 0 is clean, the others are degraded
    tracks.npy  int64 (anchors,), which track an anchor is of
    places.npy  float32 (anchors,), seconds in the track at which it lies; chunks made before there was one have none
"""

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from central.training.degradation import LENGTH, PAST, Degradation
from central.training.fate import Chances
from device.features import PARAMETERS, log_mel

DEGRADED_VIEWS = 3
# Seconds by which each view is shifted at most. References lie 1 s apart, queries 0.5 s, so of the windows compared
# by the box each reference has one within 0.25 s; two shifts of this size differ by 0.3 s at most, 0.1 s on average.
LARGEST_SHIFT = 0.15
LOWEST_LEVEL = 0.003  # RMS of full scale; quieter windows are pauses
_TRIES = 10


def make_chunk(
    target: Path,
    tracks: Sequence[Path],
    degradation: Degradation,
    rng: np.random.Generator,
    anchors: int = 2000,
    chances: Chances | None = None,
) -> None:
    """Prepare one chunk.

    Args:
        target: The folder to make.
        tracks: Decoded music, `.npy` of int16 at 8 kHz.
        degradation: The stock of rooms and disturbances.
        rng: Where the luck comes from.
        anchors: How many places; spread over all tracks alike, however long they are.
        chances: How hard the degradation may be.
    """
    chosen = np.resize(rng.permutation(len(tracks)), anchors)
    views = np.empty((anchors, 1 + DEGRADED_VIEWS, PARAMETERS.bands, PARAMETERS.frames), dtype=np.uint8)
    numbers = np.empty(anchors, dtype=np.int64)
    places = np.empty(anchors, dtype=np.float32)
    kept = 0
    for number in map(int, chosen):
        cut = _views(np.load(tracks[number], mmap_mode="r"), degradation, chances or Chances(), rng)
        if cut is not None:
            segments, places[kept] = cut
            views[kept] = packed(log_mel(segments))
            numbers[kept] = crc32(str(tracks[number]).encode())
            kept += 1
    beside = target.with_name(f".{target.name}.part")
    beside.mkdir(parents=True, exist_ok=True)
    np.save(beside / "views.npy", views[:kept])
    np.save(beside / "tracks.npy", numbers[:kept])
    np.save(beside / "places.npy", places[:kept])
    beside.rename(target)


def packed(spectrograms: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Store spectrograms as bytes; finer steps than these int8 inputs would not see anyway."""
    share = (spectrograms - PARAMETERS.low) / (PARAMETERS.high - PARAMETERS.low)
    return np.asarray(np.rint(share * 255), dtype=np.uint8)


def unpacked(views: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Read stored spectrograms back."""
    return views * np.float32((PARAMETERS.high - PARAMETERS.low) / 255) + np.float32(PARAMETERS.low)


def _views(
    samples: NDArray[np.int16], degradation: Degradation, chances: Chances, rng: np.random.Generator
) -> tuple[NDArray[np.float32], float] | None:
    """Cut one place of a track, clean and degraded, each a little shifted; None for a track of pauses.

    Returns:
        The segments, and the seconds at which the place lies.
    """
    shift = int(LARGEST_SHIFT * PARAMETERS.sample_rate)
    for _ in range(_TRIES):
        at = int(rng.integers(shift, max(shift + 1, len(samples) - LENGTH - shift)))
        around = samples[at - shift : at + LENGTH + shift].astype(np.float32) / np.float32(32768)
        if len(around) < LENGTH + 2 * shift:
            return None
        if np.sqrt(np.mean(np.square(around[shift + PAST :]))) < LOWEST_LEVEL:
            continue
        begins = rng.integers(0, 2 * shift + 1, 1 + DEGRADED_VIEWS)
        passages = [around[begin : begin + LENGTH] for begin in begins]
        clean = passages[0][PAST : PAST + PARAMETERS.window]
        degraded = (degradation.degrade(passage, chances) for passage in passages[1:])
        return np.stack([clean, *degraded]), (at + PAST) / PARAMETERS.sample_rate
    return None
