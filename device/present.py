"""How the box is doing at this moment: what its services wrote, read and judged. Everything is read only."""

from datetime import UTC, datetime

from device import hearing
from device.condition import Condition, Light, condition
from device.errors import Broken, Waiting
from device.host import clock
from device.record.log_reader import LogReader
from device.settings import Settings
from device.sync import state


def present(chosen: Settings) -> Condition:
    """Judge how the box is doing now."""
    waiting, receipted = 0, None
    try:
        with LogReader.read(chosen.paths.log) as log:
            waiting, receipt = log.waiting(), log.receipt()
            receipted = receipt.time if receipt else None
    except Waiting:
        pass  # it is not there yet, or is busy: the services' own words have to do
    except Broken:
        return Condition(Light.BROKEN, "broken")
    return condition(
        hearing.read(chosen.hearing),
        state.read(chosen.sync_state),
        waiting,
        receipted,
        datetime.now(UTC),
        clock.running(),
    )
