"""The accelerator's spectrogram is the box's."""

import numpy as np
import pytest
import torch

from central.training.spectrogram import Spectrogram
from device.features import PARAMETERS, FeatureParameters, log_mel


def sounds(window: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    times = np.arange(window) / PARAMETERS.sample_rate
    tone = np.sin(2 * np.pi * 440 * times)
    late = np.where(times > times[-1] / 2, tone, 0.0)
    return np.stack(
        [rng.standard_normal(window), tone, late, 1e-3 * rng.standard_normal(window), np.zeros(window)]
    ).astype(np.float32)


@pytest.mark.parametrize(("seconds", "frames"), [(1, 32), (2, 64), (3, 96)])
def test_the_spectrograms_of_training_are_those_of_the_box(
    seconds: int, frames: int, device: torch.device
) -> None:
    parameters = FeatureParameters(window=8000 * seconds, frames=frames)
    windows = sounds(parameters.window)
    here = Spectrogram(device, parameters)(torch.from_numpy(windows).to(device)).cpu().numpy()
    box = log_mel(windows, parameters)
    assert here.shape == box.shape
    # A step of the int8 input is 2 / 255 = 0.008; rounding of powers near the floor differs by less than a tenth of it.
    np.testing.assert_allclose(here, box, atol=7e-4)
