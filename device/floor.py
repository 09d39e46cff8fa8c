"""The latest moment that has surely passed: what a clock that reads less is measured against."""

from datetime import datetime
from pathlib import Path

from device.errors import EstuError, Waiting
from device.host.clock import SOFTWARE_FLOOR, image_built
from device.record.log_reader import LogReader


def floor_of(log: Path) -> datetime:
    """Give the latest moment that has surely passed: the software was made, the image built, the last event written.

    Raises:
        Broken: The log is not one.
    """
    made = max(SOFTWARE_FLOOR, image_built() or SOFTWARE_FLOOR)
    try:
        with LogReader.read(log) as reader:
            last = reader.last()
    except Waiting:  # there is none, or only the empty file that a power cut left while it was made
        return made
    return max(made, datetime.fromisoformat(last.time)) if last else made


def floor_as_known(log: Path) -> datetime:
    """Give the same for whoever works without the log too: one that cannot be read tells nothing."""
    try:
        return floor_of(log)
    except EstuError:
        return max(SOFTWARE_FLOOR, image_built() or SOFTWARE_FLOOR)
