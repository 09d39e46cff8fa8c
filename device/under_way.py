"""What is heard but not yet told, kept on the disk, so that a power cut takes a minute of it and not the whole.

A play is told when it has ended, and coverage every quarter of an hour. Until then both are kept here, as values and as
the reports that they would be: names and numbers, no sound and nothing from which sound could be made.

Rules:
1. A play is never told twice: what the log has since told is not taken up again.
2. If the machine ran on and only the service ended, its plays go on; nobody counts them as two.
3. If the machine was off, they ended when they were last kept, and are told with the clock of that moment.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec

from device.errors import Refused
from device.host import atomic_file
from device.host.clock import Instant
from device.play import Play
from device.record.log import EventLog
from device.record.reports import CoverageReport, PlayReport, Report

_log = logging.getLogger("estu.listen")

EVERY = 60.0  # seconds; each writing wears the card
SOONER = 10.0  # seconds, where a play has begun since
_LARGEST = 4_000_000  # bytes


class UnderWay(msgspec.Struct, frozen=True):
    """What was under way at one moment."""

    at: Instant
    head: int  # number of the log's last event then
    model: str
    catalogue: str
    stream_began: float  # monotonic seconds at which the positions of `plays` were 0
    plays: tuple[Play, ...]
    reports: tuple[PlayReport, ...]  # of `plays`, in the same order
    coverage: CoverageReport | None


class UnderWayFile:
    """The file, for its one writer."""

    def __init__(self, path: Path) -> None:
        """Name the file; its folder is the log's."""
        self._path = path
        self._kept = float("-inf")  # monotonic seconds
        self._plays = 0  # that were kept

    def due(self, monotonic: float, plays: int) -> bool:
        """Tell whether it is time to keep anew: a minute has passed, or a play began some seconds ago.

        Args:
            monotonic: Seconds, now.
            plays: How many are under way.
        """
        since = monotonic - self._kept
        return not 0.0 <= since < (EVERY if plays == self._plays else SOONER)

    def keep(self, what: UnderWay) -> None:
        """Keep what is under way in place of what was kept. A disk that takes nothing does not end the hearing."""
        self._kept, self._plays = what.at.monotonic, len(what.plays)
        try:
            atomic_file.replace(self._path, msgspec.json.encode(what), mode=0o640)
        except OSError as error:
            _log.warning("What is under way cannot be kept in %s: %s.", self._path, error.strerror)

    def let_go(self) -> None:
        """Keep nothing: all has been told."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s cannot be removed: %s.", self._path, error.strerror)

    def read(self) -> UnderWay | None:
        """Give what was kept, None if there is nothing that can be read."""
        try:
            with self._path.open("rb") as file:
                found = msgspec.json.decode(file.read(_LARGEST), type=UnderWay)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("What was under way cannot be read from %s: %s.", self._path, error)
            return None
        return found if len(found.plays) == len(found.reports) else None


def take_up(kept: UnderWay, log: EventLog, now: Instant, model: str, catalogue: str) -> tuple[int, ...]:
    """Tell what was under way when the service ended, but for what goes on.

    Args:
        kept: What was kept.
        log: Where it is told.
        now: Now.
        model: Hex SHA-256 of the model in use.
        catalogue: That of the catalogue.

    Returns:
        Which of `kept.plays`, by their places, go on: the same machine runs, and listens for the same.
    """
    told = [stored.event for stored in log.events(kept.head, 10_000)]
    told_here = [event.report for event in told if event.stamp.boot == kept.at.boot]
    left = [at for at, report in enumerate(kept.reports) if not _told(report, told_here)]
    goes_on = (kept.at.boot, kept.model, kept.catalogue) == (now.boot, model, catalogue)
    untold: list[Report] = [] if goes_on else [kept.reports[at] for at in left]
    if kept.coverage is not None and not any(isinstance(report, CoverageReport) for report in told_here):
        untold.append(kept.coverage)
    for report in untold:
        try:
            log.append(report, kept.at)
        except Refused as refusal:  # a damaged file must not keep the box from hearing
            _log.warning("What was under way is not told: %s", refusal)
    return tuple(left) if goes_on else ()


def _told(report: PlayReport, told: Sequence[Report]) -> bool:
    """Tell whether a play is in the log: the same recording while this one sounded."""
    return any(
        isinstance(other, PlayReport)
        and other.recording.id == report.recording.id
        and other.start_monotonic <= report.end_monotonic
        and other.end_monotonic >= report.start_monotonic
        for other in told
    )
