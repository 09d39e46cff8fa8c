"""`make bench`: measures, shows, and writes `build/bench/*.json`."""

import sys
from pathlib import Path

from rich.console import Console

from tests.benchmarks import account, hearing
from tests.benchmarks.figure import tell

BENCHMARKS = {"hearing": hearing, "account": account}


def main(wanted: list[str]) -> None:
    """Run the benchmarks named, or all."""
    Path("build").mkdir(exist_ok=True)
    console = Console()
    console.print(
        "Processor time unless said otherwise; ratios above 1 are better than what stands beside them."
    )
    for name, benchmark in BENCHMARKS.items():
        if not wanted or name in wanted:
            tell(name, list(benchmark.measure()), console)


if __name__ == "__main__":
    main(sys.argv[1:])
