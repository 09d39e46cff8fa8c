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
        ear.coverage.lose(block.lost / block.rate)
        for segment in ear.cutter.cut(block):
            ear.account.level(segment)
            matches = []
            if segment.level >= SILENT:
                embedding = ear.model.embed(log_mel(segment.samples[None]))[0]
                matches = ear.matcher.hear(segment.position, embedding)
            for play in ear.plays.hear(segment.position, matches):
                ear.account.play(play)
            ear.coverage.hear(segment, ear.cutter.hop, ear.plays.sounding)
        if (over := ear.coverage.due(position)) is not None:
            ear.account.coverage(over)
        alive()
    for play in ear.plays.finish():
        ear.account.play(play)
    ear.account.coverage(ear.coverage.finish(position))
