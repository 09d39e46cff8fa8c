"""`make bench`: measures, shows, and writes `build/bench/*.json`."""

import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType

from rich.console import Console

from device.host import blas
from tests.benchmarks.figure import Figure, tell

ALL = ("hearing", "catalogue", "sync", "page")
ALONE = (
    "log_growth",
    "receiving",
    "whole_way",
    "unplugs",
    "two_at_once",
)  # parts of `sync`; two that take long


def main(wanted: list[str]) -> None:
    """Run the benchmarks named, or all."""
    signal.signal(signal.SIGTERM, _stop)
    Path("build").mkdir(exist_ok=True)
    console = Console()
    console.print(
        "Processor time unless said otherwise; ratios above 1 are better than what stands beside them."
    )
    blas.use_one_thread()  # as `estu` does, and before a benchmark imports numpy
    for name in [name for name in ALL + ALONE if name in wanted] or ALL:
        figures: list[Figure] = []
        try:
            figures.extend(import_module(f"tests.benchmarks.{name}").measure())
        finally:  # what was measured before a long one was broken off is told
            if figures:
                tell(name, figures, console)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Let a request to end be answered as Ctrl-C is: what was started for a measurement ends with it."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(sys.argv[1:])
