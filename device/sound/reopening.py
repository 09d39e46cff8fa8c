"""One stream out of many openings of a microphone: its time goes on, whether there is sound in it or not."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from device.errors import Waiting
from device.sound.block import Absence, Arrival, Block

SHORTEST_PAUSE = 1.0  # seconds between attempts, doubled up to
LONGEST_PAUSE = 4.0  # seconds: with the time that opening takes, a box hears again within 15 s of a return
TICK = 1.0  # seconds between two absences: who waits for a microphone is not hung, and has to show it


def reopening(
    open_blocks: Callable[[], Iterator[Block]],
    pause: Callable[[float], bool],
    now: Callable[[], float],
) -> Iterator[Arrival]:
    """Give the blocks of a microphone, opening it anew for ever whenever it is away.

    While it is away there is an `Absence` a second. A sound system that hangs gives neither, so whoever feeds a
    watchdog by what arrives feeds it only while somebody really tries.

    Args:
        open_blocks: Opens the microphone; its blocks count from 0 each time, and end by `Waiting` if it goes away.
            If they end by themselves, so does this.
        pause: Waits for so many seconds; true if it shall end.
        now: Seconds on the monotonic clock that blocks are stamped by. The stream begins at once: a microphone that
            is away from the start makes the first block begin late.

    Yields:
        Blocks of one stream, the first after an absence with its length, at the block's rate, in `lost`; and absences.
    """
    position, heard_until = 0.0, now()  # seconds in the stream, and on the monotonic clock
    waits = SHORTEST_PAUSE
    away = False
    while True:
        try:
            offset = lost = 0
            first = True
            for block in open_blocks():
                if first:
                    if away:
                        lost = max(1, round((block.monotonic - block.seconds - heard_until) * block.rate))
                    offset = round(position * block.rate) + lost
                moved = replace(block, position=block.position + offset, lost=block.lost + lost)
                yield moved
                first, away, lost = False, False, 0
                waits = SHORTEST_PAUSE
                position, heard_until = moved.until, block.monotonic
        except Waiting as waiting:
            away = True
            reason = waiting
        else:
            return
        for tick in _ticks(waits):
            at = now()
            yield Absence(position + max(0.0, at - heard_until), at, reason)
            if pause(tick):
                return
        waits = min(2 * waits, LONGEST_PAUSE)


def _ticks(seconds: float) -> Iterator[float]:
    """Divide a pause."""
    while seconds > 0.0:
        yield min(TICK, seconds)
        seconds -= TICK
