"""What `estu listen` hears at this moment, in a small file for the page, the light and `estu status`.

Rules:
1. It says how loud it is and what was recognised; no sound, and nothing from which sound could be made, is in it.
2. It is written about once a second and at each change, so its age says whether `estu listen` still runs.
3. It lies in memory (`/run`): nobody waits for a disk, and a power cut takes it along.
"""

import logging
from pathlib import Path
from typing import Literal

import msgspec

from device.host import atomic_file
from device.host.clock import ClockState
from device.moment import Utc
from device.trouble import Trouble

_log = logging.getLogger("estu.listen")

State = Literal["starting", "hearing", "silent", "deaf", "covered", "lost", "muted", "broken"]
# starting  no second of sound has arrived yet
# hearing   sound arrives
# silent    sound arrives, below what is looked up (`coverage.SILENT`): a quiet hall
# deaf      blocks arrive, but no microphone can give what is in them: its electronics or its cable fail
# covered   sound arrives, without its high frequencies: something lies over the microphone
# lost      the microphone is away
# muted     somebody asked the box not to listen
# broken    listening has ended with an error

_LARGEST = 65_536  # bytes


class Sounding(msgspec.Struct, frozen=True):
    """A play that is under way."""

    recording: str  # its id in the catalogue
    title: str
    artist: str | None
    since: Utc  # UTC
    status: Literal["identified", "candidate"]


class Hearing(msgspec.Struct, frozen=True):
    """The hearing at one moment. Levels are those of the last second, None while nothing arrives."""

    state: State
    since: Utc  # UTC, when `state` last changed
    level_dbfs: float | None  # RMS, a full-scale square wave being 0
    peak_dbfs: float | None  # the loudest sample
    noise_floor_dbfs: float | None  # what is left when nobody plays: the quietest second of the last minutes
    microphone: str | None  # its name in words; None until one was found
    sounding: tuple[Sounding, ...]  # what is under way, the unsure included
    clock: ClockState
    trouble: Trouble | None  # what is wrong now
    written: Utc  # UTC, by the clock of `estu listen`, which may be unset
    monotonic: float | None = (
        None  # seconds since the machine started, when this was written; if this is more than some
    )
    # seconds ago, `estu listen` does not run. None where nobody said (a file made by hand)


def read(path: Path) -> Hearing | None:
    """Give what was last written, or None if there is nothing that can be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=Hearing)
    except (OSError, ValueError, RecursionError):
        return None


def write(path: Path, hearing: Hearing) -> None:
    """Put a hearing in place of the last one; whoever reads sees one or the other, whole.

    A box goes on listening although it cannot say so: a failure is logged, and the file grows old.
    """
    try:
        atomic_file.show(path, msgspec.json.encode(hearing))
    except OSError as error:
        _log.warning("What is heard cannot be shown in %s: %s.", path, error.strerror)
