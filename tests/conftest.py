"""What holds for all tests."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# As `estu` itself does: more BLAS threads than free cores spin, and cost tenfold.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

# These machines are shared: how long one example takes says nothing.
settings.register_profile("estu", deadline=None)
settings.load_profile("estu")

# What needs PyTorch is collected where it is installed: `make test-training` installs it and runs these tests.
collect_ignore = [] if find_spec("torch") else ["with_torch"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, let the files that may take longest begin first.

    Otherwise one of them is left for the end, and all other processes wait for it. A file says by its tests' `timeout` that it
    may take long.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    longest: dict[Path, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        longest[item.path] = max(longest.get(item.path, 0.0), mark.args[0] if mark else 0.0)
    items.sort(key=lambda item: -longest[item.path])
