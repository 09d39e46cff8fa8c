"""How long months of events take from a box's log to the platform's receipt, and what an event costs each on the way.

EVENTS=N says how large the backlog is; 100,000 if it is not given.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from device.record.log_reader import LogReader
from tests.benchmarks.backlog import backlog
from tests.benchmarks.draining import drain
from tests.benchmarks.figure import OUT, Figure
from tests.benchmarks.passing import broker_rate

EVENTS = int(os.environ.get("EVENTS") or 100_000)
TARGET = 60.0 * EVENTS / 100_000  # seconds, on two cores
CORES = 2  # that the target is for, whatever this machine has
_PASSED = 20_000  # messages through the broker alone


def measure() -> Iterator[Figure]:
    """Drain a backlog, and let the broker alone pass as many messages as it can."""
    OUT.mkdir(parents=True, exist_ok=True)
    whole = backlog(EVENTS, OUT)
    with tempfile.TemporaryDirectory(dir=OUT) as name:
        folder = Path(name)
        with LogReader.read(whole.log) as log:
            messages = [event.jws for event in log.events(0, min(_PASSED, EVENTS))]
        limit = broker_rate(messages, folder)
        drained = drain(whole.copied_to(folder / "box"), folder)
    rate = EVENTS / drained.seconds
    yield Figure(f"{EVENTS:,} events drained and receipted", drained.seconds, "s", "target", TARGET)
    yield Figure("drained and receipted", rate, "events/s", "mosquitto_pub to mosquitto_sub", limit, True)
    # What others do on the machine lengthens the seconds above, and hardly these.
    each = (drained.sync, drained.broker, drained.receivers)
    least = max(sum(each) / CORES, *each)  # every process has one thread that works
    yield Figure("the same, at best, on two cores that do nothing else", least, "s", "target", TARGET)
    core = 1e6 * TARGET / EVENTS  # microseconds that one core has for an event, if the target is to be met
    for what, seconds in (
        ("estu sync", drained.sync),
        ("mosquitto", drained.broker),
        ("estu-central receive", drained.receivers),
    ):
        yield Figure(
            f"processor for an event: {what}", 1e6 * seconds / EVENTS, "us", "one core, at the target", core
        )
