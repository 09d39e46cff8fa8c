"""A file in the place of the microphone: any format ffmpeg reads, any length, in constant memory."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from device.sound.block import Block, Samples
from device.sound.ffmpeg import Ffmpeg

_log = logging.getLogger("estu.sound")


def blocks(
    path: Path | str,
    seconds_per_block: float = 0.1,
    start: float = 0.0,
    report: Callable[[str], None] = _log.warning,
) -> Iterator[Block]:
    """Give the first sound track of a file, mixed to mono, at the file's own rate.

    Nothing is opened, and nothing refused, before the first block is asked for. A file that gives no sound at all is
    refused; one that is cut short or damaged gives what can be read, and is reported.

    Args:
        path: The file.
        seconds_per_block: How long each block sounds; the last one may be shorter.
        start: Monotonic seconds at which the file is to begin. A block's `monotonic` follows from its position in
            the file, not from a clock, so that a replay gives the same account at any speed.
        report: Told in one sentence, after the last block, that the file was damaged or cut short. By default it
            becomes a warning in the log.

    Raises:
        Refused: The file is missing, cannot be read as sound, or holds none.
        Broken: ffmpeg is not installed.
    """
    with Ffmpeg(Path(path)) as ffmpeg:
        rate, position = ffmpeg.rate, 0
        samples_per_block = max(1, round(seconds_per_block * rate))
        while len(samples := ffmpeg.read(samples_per_block)):
            end = position + len(samples)
            yield Block(samples, rate, position, lost=0, monotonic=start + end / rate)
            position = end
        if not position:
            raise ffmpeg.refusal()
        if damage := ffmpeg.damage(position / rate):
            report(damage)


def read(path: Path | str, report: Callable[[str], None] = _log.warning) -> tuple[Samples, int]:
    """Give a whole file at once; for short ones, since an hour at 48 kHz takes 700 MB.

    Args:
        path: As in `blocks`.
        report: As in `blocks`.

    Returns:
        The mono samples (n,) and their rate in Hz.

    Raises:
        Refused: As `blocks`.
        Broken: As `blocks`.
    """
    whole = list(blocks(path, seconds_per_block=10.0, report=report))
    return np.concatenate([block.samples for block in whole]), whole[0].rate
