"""What a microphone gave in its hall when the box was commissioned: what a deaf or covered one is told by later.

`estu commission` measures it: some seconds of quiet, then somebody speaks and claps where the audience sits. It holds
levels in octaves, no sound.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from device.errors import Refused
from device.host import atomic_file
from device.sound.block import Arrival, Block
from device.sound.second import OCTAVES, Meter, Second

SHORTEST = 20  # seconds of sound that a baseline is made of
FLOOR_PERCENTILE = 10  # of the seconds, in each octave
BRIGHT_PERCENTILE = 98  # of the seconds that sound
FEWEST_BRIGHT = 5  # seconds with speech or claps that say how bright the microphone hears
SOUNDS_OVER_FLOOR = 15.0  # dB in the low octaves from which a second is more than the hall's own noise
_LARGEST = 16_384  # bytes

# Octaves, by their places in OCTAVES.
LOW = (OCTAVES.index(250), OCTAVES.index(500))
HIGH = (OCTAVES.index(4_000), OCTAVES.index(8_000))


class Baseline(msgspec.Struct, frozen=True):
    """A microphone in its hall, as it should be."""

    identity: dict[str, str]  # vendor, product and serial of the microphone; another's baseline says nothing
    rate: int  # Hz
    floor: tuple[float, ...]  # dBFS in each octave when nobody played
    bright: (
        float | None
    )  # dB by which the brightest sounds are louder in the high octaves than in the low; None if
    # nothing bright was heard, or the card's rate does not reach so high
    measured: datetime  # UTC

    def suits(self, identity: dict[str, str]) -> bool:
        """Tell whether it is this microphone's, in whatever socket."""
        return _without_port(self.identity) == _without_port(identity)


def together(levels: Sequence[float], octaves: Sequence[int]) -> float:
    """Add levels of octaves up.

    Args:
        levels: dBFS, as `Second.octaves`.
        octaves: Their places.
    """
    return 10.0 * math.log10(sum(10.0 ** (levels[octave] / 10.0) for octave in octaves))


def brightness(second: Second) -> float:
    """Give the dB by which a second is louder in the high octaves than in the low."""
    return together(second.octaves, HIGH) - together(second.octaves, LOW)


def seconds_of(arrivals: Iterable[Arrival]) -> Iterator[Second]:
    """Measure what a microphone gives, second by second."""
    meter = Meter()
    for arrival in arrivals:
        if isinstance(arrival, Block) and (second := meter.take(arrival)) is not None:
            yield second


def of(seconds: Sequence[Second], identity: dict[str, str], now: datetime) -> Baseline:
    """Make a baseline of what was heard.

    Args:
        seconds: At least `SHORTEST` of them, in part quiet; in part with speech or claps if a cover is to be told.
        identity: The microphone's, as `Found.identity`.
        now: UTC.

    Raises:
        Refused: It was too short, or the microphone is deaf.
    """
    if len(seconds) < SHORTEST:
        raise Refused(
            "baseline-short",
            f"A baseline takes {SHORTEST} s of sound, and only {len(seconds)} s were heard.",
            "Measure again, for longer.",
        )
    if any(second.constant for second in seconds):
        raise Refused(
            "baseline-deaf",
            "The microphone gave digital silence.",
            "Switch it on; if it has a noise gate, switch that off, or take another microphone.",
        )
    tenth = np.percentile([second.octaves for second in seconds], FLOOR_PERCENTILE, axis=0)
    floor = tuple(round(float(level), 1) for level in tenth)
    sounding = [
        each for each in seconds if together(each.octaves, LOW) >= together(floor, LOW) + SOUNDS_OVER_FLOOR
    ]
    bright = None
    rate = seconds[0].rate
    if len(sounding) >= FEWEST_BRIGHT and OCTAVES[HIGH[-1]] * 2 < rate:
        bright = round(float(np.percentile([brightness(each) for each in sounding], BRIGHT_PERCENTILE)), 1)
    return Baseline(_without_port(identity), rate, floor, bright, now)


def read(path: Path) -> Baseline | None:
    """Give the box's baseline; None if there is none.

    Raises:
        Refused: There is one, but it cannot be read.
    """
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(_LARGEST), type=Baseline)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error
    if len(found.floor) != len(OCTAVES):
        raise _unreadable(path, f"it has {len(found.floor)} octaves instead of {len(OCTAVES)}")
    return found


def write(path: Path, baseline: Baseline) -> None:
    """Keep a baseline in place of the last one.

    Raises:
        OSError: It cannot be written; the last one stays.
    """
    atomic_file.replace(path, msgspec.json.encode(baseline))


def _without_port(identity: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in identity.items() if name != "port"}


def _unreadable(path: Path, why: str) -> Refused:
    return Refused(
        "baseline-unreadable",
        f"The baseline {path} cannot be read: {why}.",
        "Measure again with `estu commission`.",
    )
