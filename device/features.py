"""A segment's log-mel spectrogram: what the model sees.

Builder and box must compute exactly the same, so the parameters are one value whose digest travels with every model and
every catalogue built from it. Only numpy is needed.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FeatureParameters:
    """Everything that decides what a spectrogram looks like; a change of any value is another model."""

    sample_rate: int = 8000  # samples a second; above 4 kHz little survives a hall and a small microphone
    window: int = 16000  # samples of one segment, 2 s
    frame: int = 512  # samples under one Hann window, 64 ms
    hop: int = 250  # samples between frames, 31.25 ms
    frames: int = 64  # a segment's frames; the first is centred on sample 0, the sound mirrored before it
    fft: int = 1024  # twice the frame, so that the lowest mel bands are not narrower than a bin
    bands: int = 64  # mel bands, triangular, equal peak height
    lowest: float = 160.0  # Hz; below it hum, footsteps and ventilation
    highest: float = 4000.0  # Hz
    mel: str = "htk"  # 2595 log10(1 + f / 700)
    floor_db: float = 80.0  # dB below the segment's maximum that count as nothing
    low: float = -1.0  # value at the floor
    high: float = 1.0  # value at the segment's maximum: the level of the hall does not matter

    @property
    def canonical(self) -> bytes:
        """The parameters as canonical JSON: sorted keys, no spaces."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return sha256(self.canonical).hexdigest()

    @property
    def seconds(self) -> float:
        """Length of one segment."""
        return self.window / self.sample_rate


PARAMETERS = FeatureParameters()

# Frames (..., frame) and the length to fill them up to become spectra (..., length // 2 + 1): numpy's `rfft`, or one like it.
Transform = Callable[[NDArray[np.float32], int], NDArray[Any]]

# Below this power there is only rounding: digital silence gives the floor everywhere, not the pattern of its noise.
SILENCE = 1e-10
_GROUP = 8  # neighbouring mel bands that are summed in one product
_BATCH = 64  # segments at once; keeps the frames of a long file out of memory


def log_mel(windows: NDArray[np.float32], parameters: FeatureParameters = PARAMETERS) -> NDArray[np.float32]:
    """Compute log-mel spectrograms.

    Each is scaled by its own maximum, so a segment's level does not show. Each segment's result depends on that
    segment only, never on the others of the batch.

    Args:
        windows: Samples of shape (n, 16000), any level.
        parameters: Only training experiments give others.

    Returns:
        Shape (n, 64 bands, 64 frames), from -1 (80 dB below the segment's maximum, or silence) to 1 (the maximum).
    """
    windows = np.asarray(windows, dtype=np.float32)
    if windows.ndim != 2 or windows.shape[1] != parameters.window:
        raise ValueError(f"Segments must be of shape (n, {parameters.window}), not {windows.shape}.")
    if not len(windows):
        return np.empty((0, parameters.bands, parameters.frames), dtype=np.float32)
    parts = [_log_mel(windows[i : i + _BATCH], parameters) for i in range(0, len(windows), _BATCH)]
    return np.concatenate(parts)


def log_mel_of_run(
    run: NDArray[np.float32],
    hop: int,
    parameters: FeatureParameters = PARAMETERS,
    transform: Transform = np.fft.rfft,
) -> NDArray[np.float32]:
    """Compute the log-mel spectrograms of windows that overlap, their common frames once.

    The result is that of `log_mel` but for the last bits of sums. A builder of catalogues needs a third of the time.

    Args:
        run: (window + (n - 1) * hop,) samples of a sound.
        hop: Samples from the beginning of one window to that of the next; a multiple of `parameters.hop`.
        parameters: Only training experiments give others.
        transform: Who has scipy gives its `rfft`, which takes a third of the time of numpy's; a box does not carry
            it for that alone.

    Returns:
        As `log_mel`, (n, 64 bands, 64 frames).
    """
    count, rest = divmod(len(run) - parameters.window, hop)
    if count < 0 or rest or hop % parameters.hop:
        raise ValueError(f"{len(run)} samples are no run of windows {hop} samples apart.")
    side = parameters.frame // 2
    # The first frame and the last one that lie within the window as a whole.
    first = -(-side // parameters.hop)
    inner = np.arange(first, min(parameters.frames - 1, (parameters.window - side) // parameters.hop) + 1)
    outer = np.setdiff1d(np.arange(parameters.frames), inner)
    every = np.lib.stride_tricks.sliding_window_view(run, parameters.frame)
    common = _mel_of_frames(
        every[first * parameters.hop - side :: parameters.hop][None], parameters, transform
    )[0]
    windows = np.lib.stride_tricks.sliding_window_view(run, parameters.window)[::hop]
    mel = np.empty((count + 1, parameters.bands, parameters.frames), dtype=np.float32)
    mel[:, :, outer] = _mel_of_frames(_framed(windows, parameters)[:, outer], parameters, transform)
    at = np.arange(count + 1)[:, None] * (hop // parameters.hop) + (inner - first)
    mel[:, :, inner] = common[:, at].transpose(1, 0, 2)
    return _scaled(mel, parameters)


def _log_mel(windows: NDArray[np.float32], parameters: FeatureParameters) -> NDArray[np.float32]:
    return _scaled(_mel_of_frames(_framed(windows, parameters), parameters), parameters)


def _framed(windows: NDArray[np.float32], parameters: FeatureParameters) -> NDArray[np.float32]:
    """Cut windows into frames (n, frames, frame), the sound mirrored at both ends."""
    side = parameters.frame // 2
    padded = np.pad(windows, ((0, 0), (side, side)), mode="reflect")
    every = np.lib.stride_tricks.sliding_window_view(padded, parameters.frame, axis=1)
    return every[:, :: parameters.hop][:, : parameters.frames]


def _mel_of_frames(
    frames: NDArray[np.float32], parameters: FeatureParameters, transform: Transform = np.fft.rfft
) -> NDArray[np.float32]:
    """Give the mel power of frames (n, frames, frame) as (n, bands, frames)."""
    spectrum = transform(frames * hann(parameters.frame), parameters.fft)
    return _mel(np.square(spectrum.real) + np.square(spectrum.imag), parameters)


def _scaled(mel: NDArray[np.float32], parameters: FeatureParameters) -> NDArray[np.float32]:
    """Give each segment's decibels below its own maximum as values from `low` to `high`."""
    loudest = mel.max(axis=(1, 2), keepdims=True)
    decibels = 10.0 * np.log10(np.maximum(mel, SILENCE) / np.maximum(loudest, SILENCE))
    if_any = np.where(loudest > SILENCE, decibels, -parameters.floor_db)
    share = 1.0 + np.maximum(if_any, -parameters.floor_db) / parameters.floor_db
    return (parameters.low + (parameters.high - parameters.low) * share).astype(np.float32)


def _mel(power: NDArray[np.float32], parameters: FeatureParameters) -> NDArray[np.float32]:
    """Sum the power under each filter; power is (n, frames, bins), the answer (n, bands, frames).

    Neighbouring filters share few bins, so they are summed in groups. That is less work, and each product is too small
    for BLAS to start threads for: on a busy box these would wait for each other. numpy makes one product of the same
    shape for every segment, so the order of sums does not depend on how many segments there are.
    """
    every_filter = filters(parameters)
    groups = []
    for first in range(0, parameters.bands, _GROUP):
        group = every_filter[first : first + _GROUP]
        used = np.flatnonzero(group.any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        groups.append(np.matmul(power[:, :, bins], np.ascontiguousarray(group[:, bins].T)))
    return np.concatenate(groups, axis=2).transpose(0, 2, 1)


@cache
def hann(length: int) -> NDArray[np.float32]:
    """Give the periodic Hann window of so many samples."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)).astype(np.float32)


@cache
def filters(parameters: FeatureParameters) -> NDArray[np.float32]:
    """Give the triangular mel filters, shape (bands, bins)."""
    if parameters.mel != "htk":
        raise ValueError(f"No such mel scale: {parameters.mel}.")
    bins = np.arange(parameters.fft // 2 + 1) * parameters.sample_rate / parameters.fft
    ends = 2595.0 * np.log10(1.0 + np.array([parameters.lowest, parameters.highest]) / 700.0)
    mels = np.linspace(ends[0], ends[1], parameters.bands + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
