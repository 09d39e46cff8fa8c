"""The loop itself: follow the sound from the microphone to the log."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from device.account import Account
from device.bulletin import Bulletin
from device.clock_watch import ClockWatch
from device.coverage import SILENT, CoverageCount, Heard
from device.embedding import EmbeddingModel
from device.features import log_mel
from device.gate import Gate
from device.match.matcher import Matcher
from device.play import Play, Plays
from device.recogniser import Recogniser, renumbering
from device.renewal import Renewal
from device.sound.block import Arrival, Block
from device.sound.cutter import Cutter
from device.sound.segments import Segment
from device.under_way import UnderWayFile
from device.unidentified import Unidentified
from device.vigil import Vigil


@dataclass(frozen=True)
class Ear:
    """The stages that the sound passes, put together by `assembly.py`."""

    vigil: Vigil
    cutter: Cutter
    gate: Gate | None  # None where none ships; then nobody tells music from speech
    model: EmbeddingModel
    matcher: Matcher
    plays: Plays
    unidentified: Unidentified | None  # None without a gate: nobody may tell what is no speech
    coverage: CoverageCount
    account: Account
    bulletin: Bulletin | None  # None where nobody looks on
    under_way: UnderWayFile | None  # None where nothing goes on after an end
    clock_watch: ClockWatch | None  # None where the clock is the stream's own
    renewal: Renewal | None = None  # None where the catalogue stays as it is


def listen(arrivals: Iterable[Arrival], ear: Ear, alive: Callable[[], None] = lambda: None) -> None:
    """Follow the sound from the microphone to the log until nothing arrives any more.

    Args:
        arrivals: From a microphone, or from a file in its place.
        ear: The stages.
        alive: Called after each arrival; what proves to the watchdog that sound is worked on, or waited for.
    """
    position = 0.0
    for arrival in arrivals:
        position = arrival.until
        ear.account.anchor(position, arrival.monotonic)
        if ear.renewal is not None and (newer := ear.renewal.newer()) is not None:
            ear = _go_over(ear, ear.renewal, newer, position)
        heard = ear.vigil.watch(arrival)
        ended = False
        if isinstance(arrival, Block):
            ear.coverage.arrive(position, arrival.seconds, heard)
        else:
            ear.coverage.away(position, muted=heard is Heard.MUTED)
        if isinstance(arrival, Block) and heard is not Heard.MUTED:
            for segment in ear.cutter.cut(arrival):
                ended |= _hear(segment, ear)
        else:
            ended = _tell(ear.plays.hear(position, []), ear)
        _tell_unidentified(position, ear)
        if (over := ear.coverage.due(position)) is not None:
            ear.account.coverage(over)
            ended = True
        _look_on(ear, position, arrival.monotonic, ended)
        if ear.clock_watch is not None:
            ear.clock_watch.look()
        alive()
    for segment in ear.cutter.finish():
        _hear(segment, ear)
    _tell(ear.plays.finish(), ear)
    _finish_unidentified(ear)
    ear.account.coverage(ear.coverage.finish(position))
    if ear.under_way is not None:
        ear.under_way.let_go()


def _go_over(ear: Ear, renewal: Renewal, newer: Recogniser, position: float) -> Ear:
    """Go over to another catalogue between two blocks: what is under way goes on, and what was heard last is looked up there."""
    thresholds = newer.catalogue.thresholds
    number_of = renumbering(renewal.used.catalogue, newer.catalogue)
    ended, going_on = ear.plays.change(thresholds.accept, thresholds.candidate, number_of)
    _tell(ended, ear)  # while their names are still known
    _finish_unidentified(ear)  # unknown is what one catalogue does not know
    ear.account.change_catalogue(newer.catalogue, newer.model.digest, thresholds, newer.chance)
    if ear.under_way is not None:
        ear.under_way.keep(ear.account.under_way(going_on, ear.coverage.so_far(position)))
    if newer.model.digest == renewal.used.model.digest:
        newer.matcher.take_over(renewal.used.matcher)
    renewal.gone_over(newer)
    return replace(
        ear,
        gate=newer.gate,
        model=newer.model,
        matcher=newer.matcher,
        unidentified=Unidentified.following(newer),
    )


def _hear(segment: Segment, ear: Ear) -> bool:
    """Follow one segment to the plays that end with it; tell whether any did."""
    matches, sounds = [], None
    if segment.level >= SILENT:
        spectrogram = log_mel(segment.samples[None])
        sounds = ear.gate.hear(spectrogram)[0] if ear.gate is not None else None
        # Whatever the gate says the segment is looked up: a gate that is wrong must not cost an author a play.
        embedding = ear.model.embed(spectrogram)[0]
        matches = ear.matcher.hear(segment.position, embedding)
        if ear.unidentified is not None and sounds is not None:
            ear.unidentified.hear(segment.position, embedding, sounds, matches)
    ended = ear.plays.hear(segment.position, matches)
    ear.coverage.hear(segment, ear.cutter.hop, ear.plays.sounding, sounds)
    ear.account.level(segment)
    return _tell(ended, ear)


def _tell(ended: list[Play], ear: Ear) -> bool:
    for play in ended:
        ear.account.play(play)
    return bool(ended)


def _tell_unidentified(position: float, ear: Ear) -> None:
    for stretch in ear.unidentified.go_by(position) if ear.unidentified else []:
        ear.account.unidentified(stretch)


def _finish_unidentified(ear: Ear) -> None:
    for stretch in ear.unidentified.finish() if ear.unidentified else []:
        ear.account.unidentified(stretch)


def _look_on(ear: Ear, position: float, monotonic: float, told: bool) -> None:
    """Show what is heard now, and keep what is not told yet."""
    sounding = ear.plays.sounding
    if ear.bulletin is not None:
        ear.bulletin.post(ear.vigil, lambda: ear.account.sounding(sounding), monotonic, ear.account.trouble)
    if ear.under_way is not None and (told or ear.under_way.due(monotonic, len(sounding))):
        ear.under_way.keep(ear.account.under_way(sounding, ear.coverage.so_far(position)))
