"""Log, way and ledger: the box's log as it grows, the receiver alone, and a backlog on the whole way.

Each part can be measured alone, as `log_growth`, `receiving` and `whole_way`.
"""

from collections.abc import Iterator

from tests.benchmarks import log_growth, receiving, whole_way
from tests.benchmarks.figure import Figure


def measure() -> Iterator[Figure]:
    """Measure the parts alone, then the whole way."""
    yield from log_growth.measure()
    yield from receiving.measure()
    yield from whole_way.measure()
