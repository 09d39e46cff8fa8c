"""From the box's log to the platform's ledger: what an event costs on the way, and how long months of them take.

EVENTS=N says how large the backlog is; 100,000 if it is not given.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from device.record.log_reader import LogReader
from tests.benchmarks import log_growth, receiving
from tests.benchmarks.backlog import backlog
from tests.benchmarks.draining import drain
from tests.benchmarks.figure import Figure
from tests.benchmarks.passing import broker_rate

EVENTS = int(os.environ.get("EVENTS") or 100_000)
TARGET = 60.0 * EVENTS / 100_000  # seconds, on two cores
_PASSED = 20_000  # messages through the broker alone


def measure() -> Iterator[Figure]:
    """Measure the parts alone, then the whole way."""
    yield from log_growth.measure()
    yield from receiving.measure()
    build = Path("build/bench")
    build.mkdir(parents=True, exist_ok=True)
    whole = backlog(EVENTS, build)
    with tempfile.TemporaryDirectory(dir=build) as name:
        folder = Path(name)
        with LogReader.read(whole.log) as log:
            messages = [event.jws for event in log.events(0, min(_PASSED, EVENTS))]
        limit = broker_rate(messages, folder)
        drained = drain(whole.copied_to(folder / "box"), folder)
    rate = EVENTS / drained.seconds
    yield Figure(f"{EVENTS:,} events drained and receipted", drained.seconds, "s", "target", TARGET)
    yield Figure("drained and receipted", rate, "events/s", "mosquitto_pub to mosquitto_sub", limit, True)
    core = 1e6 * TARGET / EVENTS  # microseconds that one core has for an event, if the target is to be met
    for what, seconds in (
        ("estu sync", drained.sync),
        ("mosquitto", drained.broker),
        ("estu-central receive", drained.receivers),
    ):
        yield Figure(
            f"processor for an event: {what}", 1e6 * seconds / EVENTS, "us", "one core, at the target", core
        )
