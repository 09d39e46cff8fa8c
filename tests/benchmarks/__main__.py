"""`make bench`: measures, shows, and writes `build/bench/*.json`."""

import signal
import sys
from pathlib import Path
from types import FrameType

from rich.console import Console

from tests.benchmarks import catalogue, hearing, log_growth, page, receiving, sync, unplugs, whole_way
from tests.benchmarks.figure import tell

ALL = {"hearing": hearing, "catalogue": catalogue, "sync": sync, "page": page}
ALONE = {
    "log_growth": log_growth,
    "receiving": receiving,
    "whole_way": whole_way,
    "unplugs": unplugs,
}  # parts of `sync`; one takes long


def main(wanted: list[str]) -> None:
    """Run the benchmarks named, or all."""
    signal.signal(signal.SIGTERM, _stop)
    Path("build").mkdir(exist_ok=True)
    console = Console()
    console.print(
        "Processor time unless said otherwise; ratios above 1 are better than what stands beside them."
    )
    chosen = {name: benchmark for name, benchmark in (ALL | ALONE).items() if name in wanted}
    for name, benchmark in (chosen or ALL).items():
        tell(name, list(benchmark.measure()), console)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Let a request to end be answered as Ctrl-C is: what was started for a measurement ends with it."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(sys.argv[1:])
