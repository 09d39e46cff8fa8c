"""Log-mel spectrograms of many segments at once, on whatever device their samples lie.

The same as `device.features.log_mel`, which is what a box computes; a test holds the two together.
"""

import torch
from torch import Tensor

from device import features
from device.features import PARAMETERS, FeatureParameters


class Spectrogram:
    """Computes log-mel spectrograms with one set of parameters on one device."""

    def __init__(self, device: torch.device, parameters: FeatureParameters = PARAMETERS) -> None:
        """Bring window and filters to the device.

        Args:
            device: Where the samples will lie.
            parameters: Those of the box, or an experiment's.
        """
        self._parameters = parameters
        self._hann = torch.from_numpy(features.hann(parameters.frame)).to(device)
        self._filters = torch.from_numpy(features.filters(parameters).T.copy()).to(device)

    def __call__(self, windows: Tensor) -> Tensor:
        """Compute spectrograms.

        Args:
            windows: float32 samples, shape (n, window), any level.

        Returns:
            Shape (n, bands, frames), from `low` to `high` as in `device.features.log_mel`.
        """
        given = self._parameters
        side = given.frame // 2
        padded = torch.nn.functional.pad(windows[:, None], (side, side), mode="reflect")[:, 0]
        frames = padded.unfold(1, given.frame, given.hop)[:, : given.frames] * self._hann
        # Squares of both parts: their root, and its square again, take longer than the transform.
        power = torch.view_as_real(torch.fft.rfft(frames, n=given.fft)).square().sum(dim=-1)
        mel = (power @ self._filters).transpose(1, 2)
        loudest = mel.amax(dim=(1, 2), keepdim=True)
        silence = features.SILENCE
        decibels = 10.0 * torch.log10(mel.clamp_min(silence) / loudest.clamp_min(silence))
        decibels = torch.where(loudest > silence, decibels, torch.full_like(decibels, -given.floor_db))
        share = 1.0 + decibels.clamp_min(-given.floor_db) / given.floor_db
        return given.low + (given.high - given.low) * share
