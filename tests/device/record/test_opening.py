"""Opening a long log: what is read of it does not grow with it."""

from multiprocessing import get_context
from pathlib import Path

from device.record.log import EventLog
from device.record.signing_key import SigningKey
from tests.benchmarks.log_growth import BOX, fill

EVENTS = 2_500


def bytes_read_to_open(path: Path, key: SigningKey) -> int:
    """Open a log in a process of its own; give the bytes that it asks the system for."""
    receiving, sending = get_context("fork").Pipe(duplex=False)

    def bytes_read() -> int:
        return int(Path("/proc/self/io").read_text().split()[1])

    def task() -> None:
        before = bytes_read()
        EventLog.open(path, BOX, key).close()
        sending.send(bytes_read() - before)

    process = get_context("fork").Process(target=task)
    process.start()
    read: int = receiving.recv()
    process.join()
    return read


def test_a_long_log_is_opened_without_reading_its_events(tmp_path: Path) -> None:
    key, path = SigningKey.create(BOX), tmp_path / "log.db"
    fill(path, key, EVENTS)
    size = path.stat().st_size
    assert size > EVENTS * 1_000
    read = bytes_read_to_open(path, key)
    assert read < 0.15 * size  # the last events, and an index to count by
    with EventLog.open(path, BOX, key) as log:
        assert log.opening.whole
        assert log.opening.events == EVENTS
