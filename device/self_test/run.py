"""The self-test as a whole: every check in its order, each on its own, so that one that fails hides no other."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from device import assembly, hearing
from device.condition import SYNC_GROWS_OLD, is_fresh
from device.errors import EstuError
from device.floor import floor_as_known
from device.host.clock import SystemClock, running
from device.self_test import hearing as ear
from device.self_test import machine, platform
from device.self_test.finding import Finding
from device.settings import Settings
from device.sync import link, state


def run(chosen: Settings, loudspeaker: str | None = None) -> Iterator[Finding]:
    """Check everything, and give each finding as soon as it is there; takes some twenty seconds.

    Args:
        chosen: The box's settings.
        loudspeaker: PortAudio's name for where the known clip is played; None for the system's default.
    """
    log, heard = chosen.paths.log, hearing.read(chosen.hearing)
    running_now = (
        heard is not None
        and is_fresh(heard, datetime.now(UTC), running())
        and heard.state not in {"broken", "starting"}
    )
    of_model, model = platform.model()
    yield from ear.of_the_hall(
        heard if running_now else None, assembly.microphone(chosen.microphone), model, loudspeaker
    )
    yield machine.clock(SystemClock(floor_as_known(log)).now())
    yield machine.disk_speed(log.parent)
    yield machine.disk_room(log.parent)
    yield machine.disk_health(log.parent)
    yield machine.temperature()
    yield machine.supply()
    yield of_model
    yield platform.catalogue(chosen.paths.catalogue, model, log)
    yield platform.signing_key(chosen.paths.signing_key, chosen.box.id, log)
    yield _broker(chosen)


def _broker(chosen: Settings) -> Finding:
    broker, floor = chosen.broker, floor_as_known(chosen.paths.log)
    try:
        ways = [
            link.from_url(url, chosen.box.id, broker.ca, broker.certificate, broker.key, floor)
            for url in (broker.url, *broker.fallback)
        ]
    except EstuError as error:
        return platform.BROKER.failed(error.message, error.advice)
    said = state.read(chosen.sync_state)
    # By the time that it is now: what was written since the self-test began is as fresh as can be.
    fresh = said is not None and timedelta(0) <= datetime.now(UTC) - said.written <= SYNC_GROWS_OLD
    return platform.broker(ways, said if fresh else None)
