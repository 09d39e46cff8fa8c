"""What stands between the sound card's own thread and the box: a queue with an end, and a count of what was lost.

Rules:
1. The callback copies and leaves: it neither waits nor computes, or the card drops sound.
2. The queue is bounded. If the box falls behind, the newest sound is dropped, whole buffers of it.
3. Whatever was dropped, by us or by the card, is counted and shown on the next block.
"""

from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device.host import clock
from device.sound.block import Block

# A card's report of how old its sound is; drivers exist that report nonsense.
_OLDEST = 2.0  # seconds


class StreamTime(Protocol):
    """PortAudio's PaStreamCallbackTimeInfo, in seconds of a clock of its own."""

    currentTime: float  # noqa: N815 - PortAudio's name
    inputBufferAdcTime: float  # noqa: N815 - PortAudio's name


class StreamFlags(Protocol):
    """PortAudio's PaStreamCallbackFlags."""

    input_overflow: bool  # the card had sound for which there was no room, before this buffer


@dataclass(frozen=True)
class _Buffer:
    """One buffer of the card, copied."""

    frames: NDArray[np.float32]  # (n, channels)
    lost: int  # samples lost immediately before it
    captured: float  # monotonic seconds at which its last sample was captured


class Capture:
    """Takes buffers in the sound card's thread, gives blocks in ours."""

    def __init__(self, rate: int, buffers: int) -> None:
        """Prepare to capture.

        Args:
            rate: Hz, the card's own.
            buffers: How many buffers may wait before new ones are dropped.
        """
        self._rate = rate
        self._queue: Queue[_Buffer] = Queue(maxsize=buffers)
        self._lost = 0  # samples since the last buffer that went into the queue; the callback's alone
        self._called: float | None = None  # monotonic seconds of the last callback; the callback's alone
        self._position = 0  # of the next sample; the taker's alone

    def take(self, frames: NDArray[np.float32], count: int, times: StreamTime, flags: StreamFlags) -> None:
        """Copy a buffer: the callback, in the form in which PortAudio calls it."""
        now = clock.running()
        seconds = count / self._rate
        if flags.input_overflow:
            # How much is missing nobody says; the clock tells about, and it is something.
            away = now - self._called - seconds if self._called is not None else 0.0
            self._lost += max(1, round(away * self._rate))
        self._called = now
        age = times.currentTime - times.inputBufferAdcTime - seconds
        captured = now - age if 0.0 <= age <= _OLDEST else now
        try:
            self._queue.put_nowait(_Buffer(frames.copy(), self._lost, captured))
        except Full:
            self._lost += count
        else:
            self._lost = 0

    def give(self, timeout: float) -> Block | None:
        """Give the next block, its samples the caller's; None if there was none for `timeout` seconds.

        Several channels are averaged: a microphone may be wired to either, and a hall differs little between them.
        """
        try:
            buffer = self._queue.get(timeout=timeout)
        except Empty:
            return None
        channels = buffer.frames.shape[1]
        # A product: numpy's mean over so short an axis takes sixty times as long.
        samples = buffer.frames @ np.full(channels, 1 / channels, dtype=np.float32)
        position = self._position + buffer.lost
        self._position = position + len(samples)
        return Block(np.ascontiguousarray(samples), self._rate, position, buffer.lost, buffer.captured)
