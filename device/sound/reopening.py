"""One stream out of many openings of a microphone: positions go on, and the time between is counted as lost."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from device.errors import Waiting
from device.sound.block import Block

_log = logging.getLogger("estu.sound")

SHORTEST_PAUSE = 1.0  # seconds between attempts, doubled up to
LONGEST_PAUSE = 8.0  # seconds: a box must hear again within 15 s of its microphone's return


def reopening(
    open_blocks: Callable[[], Iterator[Block]],
    pause: Callable[[float], bool],
    began: float,
    report: Callable[[Waiting], None] = lambda waiting: _log.warning("%s", waiting),
) -> Iterator[Block]:
    """Give the blocks of a microphone, opening it anew for ever whenever it is away.

    Args:
        open_blocks: Opens the microphone; its blocks count from 0 each time, and end by `Waiting` if it goes away.
            If they end by themselves, so does this.
        pause: Waits for so many seconds; true if it shall end.
        began: Monotonic seconds at which the box began to wish to hear. A microphone that was away from then on
            makes the first block begin late.
        report: Told why there is no sound, once for each reason, not at each attempt.

    Yields:
        Blocks of one stream; the first after an absence has its length, at the block's rate, in `lost`.
    """
    position, heard_until = 0.0, began  # seconds in the stream, and on the monotonic clock
    waits = SHORTEST_PAUSE
    said: str | None = None
    away = False
    while True:
        try:
            offset = lost = 0
            first = True
            for block in open_blocks():
                if first and away:
                    lost = max(1, round((block.monotonic - block.seconds - heard_until) * block.rate))
                    _log.warning("The microphone is heard again, after %.1f s.", lost / block.rate)
                if first:
                    offset = round(position * block.rate) + lost
                yield replace(block, position=block.position + offset, lost=block.lost + lost)
                first, away, lost = False, False, 0
                waits, said = SHORTEST_PAUSE, None
                position = (block.position + offset) / block.rate + block.seconds
                heard_until = block.monotonic
        except Waiting as waiting:
            away = True
            if waiting.code != said:
                report(waiting)
                said = waiting.code
        else:
            return
        if pause(waits):
            return
        waits = min(2 * waits, LONGEST_PAUSE)
