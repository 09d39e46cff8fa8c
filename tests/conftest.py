"""What holds for all tests."""

import os
from importlib.util import find_spec

from hypothesis import settings

# As `estu` itself does: more BLAS threads than free cores spin, and cost tenfold.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

# These machines are shared: how long one example takes says nothing.
settings.register_profile("estu", deadline=None)
settings.load_profile("estu")

# What needs PyTorch is collected where it is installed: `make test-training` installs it and runs these tests.
collect_ignore = [] if find_spec("torch") else ["with_torch"]
