"""The loop itself: follow the sound from the microphone to the log."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from device.account import Account
from device.coverage import SILENT, CoverageCount
from device.embedding import EmbeddingModel
from device.features import log_mel
from device.match.matcher import Matcher
from device.play import Plays
from device.sound.block import Block
from device.sound.cutter import Cutter
from device.sound.segments import Segment


@dataclass(frozen=True)
class Ear:
    """The stages that the sound passes, put together by `assembly.py`."""

    cutter: Cutter
    model: EmbeddingModel
    matcher: Matcher
    plays: Plays
    coverage: CoverageCount
    account: Account


def listen(blocks: Iterable[Block], ear: Ear, alive: Callable[[], None] = lambda: None) -> None:
    """Follow the sound from the microphone to the log until the blocks end.

    Args:
        blocks: From a microphone, or from a file in its place.
        ear: The stages.
        alive: Called after each block; what proves to the watchdog that sound arrives and is worked on.
    """
    position = 0.0
    for block in blocks:
        position = block.position / block.rate + block.seconds
        ear.account.anchor(position, block.monotonic)
        ear.coverage.arrive(block.seconds, lost=block.lost / block.rate)
        for segment in ear.cutter.cut(block):
            _hear(segment, ear)
        if (over := ear.coverage.due(position)) is not None:
            ear.account.coverage(over)
        alive()
    for segment in ear.cutter.finish():
        _hear(segment, ear)
    for play in ear.plays.finish():
        ear.account.play(play)
    ear.account.coverage(ear.coverage.finish(position))


def _hear(segment: Segment, ear: Ear) -> None:
    """Follow one segment to the plays that end with it."""
    matches = []
    if segment.level >= SILENT:
        embedding = ear.model.embed(log_mel(segment.samples[None]))[0]
        matches = ear.matcher.hear(segment.position, embedding)
    ended = ear.plays.hear(segment.position, matches)
    ear.coverage.hear(segment, ear.cutter.hop, ear.plays.sounding)
    ear.account.level(segment)
    for play in ended:
        ear.account.play(play)
