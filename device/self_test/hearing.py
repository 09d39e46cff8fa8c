"""The microphone: is it there, does it give sound, how quiet is the hall, does it hear what the loudspeaker says?"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

import numpy as np

from device.embedding import EmbeddingModel
from device.errors import EstuError, Waiting
from device.hearing import Hearing
from device.self_test import clip
from device.self_test.finding import Check, Finding
from device.sound.block import Block, Samples
from device.sound.loudspeaker import playing
from device.sound.microphone import Microphone
from device.sound.second import Meter, Second

MICROPHONE = Check(10, "microphone")
LEVEL = Check(11, "level")
NOISE = Check(12, "noise floor")
CLIP = Check(13, "known clip")

LISTENED = 4.0  # seconds for level and noise floor
_LONGEST = clip.SECONDS + 12.0  # seconds that a loudspeaker may take for it
_AFTER_THE_CLIP = 2.0  # seconds, for what is under way between loudspeaker and microphone

LOUDEST_PEAK = -1.0  # dBFS; above it the sound was most likely cut off
LOUDEST_FLOOR = -45.0  # dBFS RMS; an empty hall is 15 dB below, and music has to be well above

_BUSY = "Stop the service first (`systemctl stop estu-listen`), and start it again afterwards."


@dataclass(frozen=True)
class Sound:
    """What was heard of the hall, in memory only."""

    name: str  # of the microphone
    rate: int  # Hz
    seconds: tuple[Second, ...]  # of the hall as it is
    with_clip: Samples | None  # what was heard while the clip was played; None if there was no loudspeaker
    no_loudspeaker: Waiting | None


def through_the_service(heard: Hearing) -> Iterator[Finding]:
    """Take the word of `estu listen`, which has the microphone.

    Args:
        heard: What it wrote a moment ago.
    """
    words = f"`estu listen` has it: {heard.microphone or 'none found yet'}, {heard.state}"
    if heard.state in {"hearing", "silent"}:
        yield MICROPHONE.passed(words)
    elif heard.state == "muted":
        yield MICROPHONE.skipped(words, "Unmute the box on its page or with its button.")
    else:
        yield MICROPHONE.failed(words, heard.trouble.advice if heard.trouble else "Wait, and test again.")
    peak, floor = heard.peak_dbfs, heard.noise_floor_dbfs
    yield (
        level(peak, constant=False) if peak is not None else LEVEL.skipped("nothing is heard at this moment")
    )
    yield noise_floor(floor) if floor is not None else NOISE.skipped("not known yet")
    yield CLIP.skipped("`estu listen` has the microphone", _BUSY)


def by_ourselves(
    source: Microphone, model: EmbeddingModel | None, loudspeaker: str | None
) -> Iterator[Finding]:
    """Open the microphone and listen.

    Args:
        source: The one that the settings name.
        model: Recognises the clip; None if it cannot be used.
        loudspeaker: PortAudio's name for it; None for the default.
    """
    try:
        sound = record(source, loudspeaker)
    except EstuError as error:
        yield MICROPHONE.failed(error.message, error.advice)
        for check in (LEVEL, NOISE, CLIP):
            yield check.skipped("there is no microphone")
        return
    yield MICROPHONE.passed(f"{sound.name}, {sound.rate} Hz")
    constant = all(second.constant for second in sound.seconds)
    yield level(max(second.peak for second in sound.seconds), constant)
    if constant:
        yield NOISE.skipped("the microphone gives nothing")
    else:
        yield noise_floor(min(second.level for second in sound.seconds))
    yield known_clip(sound, model)


def record(source: Microphone, loudspeaker: str | None) -> Sound:
    """Listen to the hall, then to the clip.

    Raises:
        Waiting: There is no microphone.
        Broken: The sound system fails.
    """
    stop = Event()
    blocks = source.blocks(stop)
    try:
        first = next(blocks)
        meter, seconds = Meter(), list[Second]()
        while len(seconds) < LISTENED:
            if (second := meter.take(next(blocks))) is not None:
                seconds.append(second)
        name = source.found.name if source.found else "a microphone"
        try:
            with playing(clip.clip(), clip.RATE, loudspeaker) as played:
                heard = _collect(blocks, played)
        except Waiting as waiting:
            return Sound(name, first.rate, tuple(seconds), None, waiting)
        return Sound(name, first.rate, tuple(seconds), heard, None)
    finally:
        stop.set()
        deque(blocks, maxlen=0)  # the microphone is let go of


def _collect(blocks: Iterator[Block], played: Event) -> Samples:
    """Listen until the clip was played and what was under way has come, or the loudspeaker takes too long."""
    parts, length, ends = list[Samples](), 0.0, _LONGEST
    while length < ends:
        block = next(blocks)
        parts.append(block.samples)
        length += block.seconds
        if played.is_set():
            ends = min(ends, length + _AFTER_THE_CLIP)
            played.clear()
    return np.concatenate(parts)


def level(peak: float, constant: bool) -> Finding:
    """Judge how loud it is.

    Args:
        peak: dBFS, the loudest sample.
        constant: Whether no sample differed from the others.
    """
    if constant:
        return LEVEL.failed(
            "it gives the same number all the time: there is no sound in it",
            "Unplug it and plug it in again; if that does not help, replace it.",
        )
    if peak > LOUDEST_PEAK:
        return LEVEL.failed(f"peaks at {peak:.0f} dBFS are cut off", "Lower `gain` in the settings.")
    return LEVEL.passed(f"peaks at {peak:.0f} dBFS")


def noise_floor(floor: float) -> Finding:
    """Judge how quiet the quietest second was, in dBFS RMS."""
    if floor > LOUDEST_FLOOR:
        return NOISE.failed(
            f"{floor:.0f} dBFS, above {LOUDEST_FLOOR:.0f}",
            "Test again in an empty hall; then lower `gain`, or find a place away from fans and projectors.",
        )
    return NOISE.passed(f"{floor:.0f} dBFS")


def known_clip(sound: Sound, model: EmbeddingModel | None) -> Finding:
    """Judge whether the microphone heard what the loudspeaker said."""
    if sound.no_loudspeaker is not None or sound.with_clip is None:
        words = sound.no_loudspeaker.message if sound.no_loudspeaker else "it was not played"
        return CLIP.skipped(
            words, "Plug a loudspeaker in, or name one with --loudspeaker; or play a known track."
        )
    if model is None:
        return CLIP.skipped("the model cannot be used")
    found = clip.likeness(sound.with_clip, sound.rate, model)
    words = f"likeness {found:.2f}, {clip.HEARD} is enough"
    if found < clip.HEARD:
        return CLIP.failed(words, "Turn the loudspeaker up, bring it nearer, and test again in a quiet hall.")
    return CLIP.passed(words)


def of_the_hall(
    heard: Hearing | None, source: Microphone, model: EmbeddingModel | None, loudspeaker: str | None
) -> Iterator[Finding]:
    """Check hearing, by whoever has the microphone.

    Args:
        heard: What `estu listen` wrote, if it runs; None if not.
        source: The microphone.
        model: As for `by_ourselves`.
        loudspeaker: As for `by_ourselves`.
    """
    if heard is not None:
        return through_the_service(heard)
    return by_ourselves(source, model, loudspeaker)
