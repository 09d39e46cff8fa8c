"""Commissioning: measures how the microphone hears its hall, with a technician who keeps quiet and then makes noise."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path

from device.errors import Broken
from device.sound import baseline
from device.sound.baseline import Baseline
from device.sound.microphone import Microphone
from device.sound.second import OCTAVES, QUIETEST, Second

QUIET = 20  # seconds
NOISY = 15  # seconds


def commission(source: Microphone, path: Path, now: datetime, say: Callable[[str], None]) -> Baseline:
    """Measure, and keep the baseline.

    Args:
        source: The microphone; nobody else may have it open.
        path: Where the baseline is kept.
        now: UTC.
        say: Tells the technician what to do.

    Raises:
        Waiting: The microphone is not there, or another program has it.
        Refused: What it gave makes no baseline.
        Broken: The baseline cannot be kept.
    """
    with closing(source.blocks()) as blocks:
        seconds = baseline.seconds_of(blocks)
        say(f"Keep quiet for {QUIET} s.")
        heard = _some(seconds, QUIET)
        say(f"Now speak and clap for {NOISY} s, where the audience sits.")
        heard += _some(seconds, NOISY)
    found = source.found
    measured = baseline.of(heard, found.identity if found else {}, now)
    try:
        baseline.write(path, measured)
    except OSError as error:
        raise Broken(
            "baseline-not-kept",
            f"The baseline cannot be written to {path}: {error.strerror}.",
            "Run this as the user who may write there, such as root.",
        ) from error
    return measured


def in_words(measured: Baseline) -> list[str]:
    """Tell what was measured to a person."""
    floor = [
        f"{level:.0f} at {middle} Hz"
        for middle, level in zip(OCTAVES, measured.floor, strict=True)
        if level > QUIETEST
    ]
    lines = [f"The hall's own noise, in dBFS: {', '.join(floor)}."]
    if measured.bright is None:
        lines.append(
            "Nothing loud and bright was heard: a covered microphone will not be noticed. Measure again, clap louder."
        )
    else:
        lines.append(f"The brightest sounds: {measured.bright:+.0f} dB high against low octaves.")
    return lines


def _some(seconds: Iterator[Second], count: int) -> list[Second]:
    return list(islice(seconds, count))
