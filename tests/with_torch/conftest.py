"""Tests of what needs PyTorch, on the processor and, where there is one, on the accelerator too."""

import pytest
import torch


@pytest.fixture(params=["cpu", *(["cuda"] if torch.cuda.is_available() else [])], scope="session")
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.param)
