"""One thread for the arithmetic: the matrices are small and the cores are few.

A second BLAS thread spins while it waits for work: on a busy two-core machine a segment's spectrogram then takes
15 ms of processor time instead of 0.9.
"""

import os

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def use_one_thread() -> None:
    """Ask for one thread, unless the environment says otherwise; to be called before numpy is imported."""
    for variable in _VARIABLES:
        os.environ.setdefault(variable, "1")
