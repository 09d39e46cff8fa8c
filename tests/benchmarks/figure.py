"""A figure: what was measured, beside the peer or limit that gives it a meaning."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

OUT = Path("build/bench")


@dataclass(frozen=True)
class Figure:
    """One line of a benchmark."""

    what: str
    value: float
    unit: str
    against: str  # the peer or limit
    limit: float  # in the same unit
    more_is_better: bool = False

    @property
    def ratio(self) -> float:
        """How many times better than the peer or limit; above 1 is good."""
        return self.value / self.limit if self.more_is_better else self.limit / self.value


class Stopwatch:
    """Processor seconds of this process, so that others on the machine matter less."""

    seconds = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure the processor seconds of a block."""
    watch, before = Stopwatch(), time.process_time()
    yield watch
    watch.seconds = time.process_time() - before


def tell(name: str, figures: Sequence[Figure], console: Console) -> None:
    """Show figures, and write them to `build/bench/NAME.json`."""
    table = Table("what", "measured", "against", "ratio", title=name, title_justify="left")
    for figure in figures:
        table.add_row(
            figure.what,
            f"{figure.value:,.3g} {figure.unit}",
            f"{figure.against}: {figure.limit:,.3g} {figure.unit}",
            f"{figure.ratio:.2f}",
        )
    console.print(table)
    OUT.mkdir(parents=True, exist_ok=True)
    written = [asdict(figure) | {"ratio": figure.ratio} for figure in figures]
    (OUT / f"{name}.json").write_text(json.dumps(written, indent=2) + "\n")
