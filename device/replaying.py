"""A file in the microphone's place: when it began, how fast it sounds, the clock that goes with it, and its end."""

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from device.errors import Refused
from device.host.clock import StreamClock
from device.sound.block import Block


def until(stop: threading.Event, blocks: Iterable[Block]) -> Iterator[Block]:
    """Pass blocks on until the stop is asked for."""
    for block in blocks:
        if stop.is_set():
            return
        yield block


def paced(blocks: Iterable[Block], speed: float | None) -> Iterator[Block]:
    """Pass blocks on no faster than a room would give them, times `speed`."""
    began, sounded = time.monotonic(), 0.0
    for block in blocks:
        yield block
        sounded += block.seconds
        if speed:
            time.sleep(max(0.0, began + sounded / speed - time.monotonic()))


def moving(clock: StreamClock, blocks: Iterable[Block]) -> Iterator[Block]:
    """Let a replay's clock go with its sound."""
    for block in blocks:
        clock.move_to(block.monotonic)
        yield block


def start(text: str | None) -> datetime:
    """Read when a replay began.

    Args:
        text: ISO 8601 with its zone; None for now.

    Raises:
        Refused: It is no time, or has no zone.
    """
    try:
        begun = datetime.fromisoformat(text) if text else datetime.now(UTC)
    except ValueError as error:
        raise Refused(
            "start-invalid", f"--start {text!r} is not a time.", "Write 2026-07-01T18:00:00+05:00."
        ) from error
    if begun.tzinfo is None:
        raise Refused(
            "start-without-zone", f"--start {text!r} has no time zone.", "Add +05:00, or Z for UTC."
        )
    return begun.astimezone(UTC)
