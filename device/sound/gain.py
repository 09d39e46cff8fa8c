"""The input gain of a sound card, set and checked by ALSA's own `amixer`.

A program of its own rather than a library: pyalsaaudio would have to be compiled on each machine, and a mixer that hangs
in a driver then hangs only `amixer`, which has an end in time.

A card without a mixer, or one that does not obey, is heard as it is: gain is worth a word, never the hearing.
"""

import logging
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

_log = logging.getLogger("estu.sound")

# A gain that follows the sound makes levels, and the noise floor by which a deaf microphone is told, say nothing.
_AUTOMATIC = re.compile(r"auto gain|agc|automatic", re.IGNORECASE)
_CONTROL = re.compile(r"^Simple mixer control '(?P<name>.+)',(?P<number>\d+)$", re.MULTILINE)
_CAPTURE = re.compile(r"Capture (?P<raw>-?\d+) \[(?P<percent>\d+)%\]")
_LIMITS = re.compile(r"Limits:.*Capture (?P<least>-?\d+) - (?P<most>-?\d+)")
_SWITCHED_ON = re.compile(r"\[on\]")
_TAKES = 5.0  # seconds after which a mixer hangs


@dataclass(frozen=True)
class Control:
    """One knob of a mixer."""

    name: str  # as amixer takes it, such as 'Mic',0
    percent: int | None  # of its range, where it sets the gain of what is heard; the lowest of its channels
    step: float  # percent between two positions of it
    automatic: bool  # a gain that follows the sound, switched on


def mixer_of(card: int) -> str:
    """Give ALSA's name for the mixer of a card."""
    return f"hw:{card}"


def read(mixer: str) -> list[Control]:
    """Read a card's mixer; an empty list where there is none that answers.

    Args:
        mixer: ALSA's name for it.
    """
    return controls(_amixer(mixer, "scontents") or "")


def controls(contents: str) -> list[Control]:
    """Read what `amixer scontents` says; controls that have nothing to do with gain are left out."""
    starts = list(_CONTROL.finditer(contents))
    found = []
    for start, following in zip_longest(starts, starts[1:]):
        words = contents[start.end() : following.start() if following else None]
        name = f"'{start['name']}',{start['number']}"
        limits, positions = _LIMITS.search(words), [int(each["percent"]) for each in _CAPTURE.finditer(words)]
        if limits and positions:
            span = int(limits["most"]) - int(limits["least"])
            found.append(Control(name, min(positions), 100 / max(1, span), automatic=False))
        elif _AUTOMATIC.search(start["name"]):
            found.append(Control(name, None, 0.0, automatic=bool(_SWITCHED_ON.search(words))))
    return found


def set_gain(mixer: str, percent: int | None) -> bool:
    """Set the gain, switch off one that follows the sound, and check by reading back.

    Args:
        mixer: ALSA's name for it.
        percent: Of the range; None leaves the gain as it is.

    Returns:
        Whether it now stands as asked; false also where there is nothing to set.
    """
    there = read(mixer)
    for control in there:
        if control.automatic:
            _amixer(mixer, "sset", control.name, "off")
        if percent is not None and control.percent is not None:
            _amixer(mixer, "sset", control.name, "capture", f"{percent}%", "cap")
    now = read(mixer)
    fault = _fault(now, percent)
    if fault:
        _log.warning("The gain of %s is not as set: %s", mixer, fault)
    return fault is None


def _fault(there: Sequence[Control], percent: int | None) -> str | None:
    if stubborn := [control.name for control in there if control.automatic]:
        return f"{', '.join(stubborn)} cannot be switched off, so levels say little."
    if percent is None:
        return None
    gains = [control for control in there if control.percent is not None]
    if not gains:
        return "its mixer has no gain."
    for control in gains:
        if (
            abs((control.percent or 0) - percent) > control.step + 1
        ):  # amixer rounds to positions and to percent
            return f"{control.name} stands at {control.percent} % instead of {percent} %."
    return None


def _amixer(mixer: str, *words: str) -> str | None:
    """Run amixer; None if it is not there, fails or hangs."""
    try:
        told = subprocess.run(
            ["amixer", "--device", mixer, *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TAKES,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("The mixer of %s does not answer: %s.", mixer, error)
        return None
    if told.returncode:
        _log.info("The mixer of %s cannot be used: %s", mixer, told.stderr.strip()[-200:])
        return None
    return told.stdout
