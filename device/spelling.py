"""What the catalogue and the matcher know, as the record spells it."""

import math

from device.catalogue.recording import Recording, Work
from device.match.match import Window
from device.record import reports


def name(recording: Recording) -> reports.RecordingName:
    """Name a recording; one without a title by its id."""
    return reports.RecordingName(
        id=recording.id,
        isrc=recording.isrc,
        title=recording.title or recording.id,
        artist=recording.artist,
        label=recording.label,
    )


def window(window: Window, start: float) -> reports.WindowReport:
    """Tell what a window of a match says, its time counted from `start`."""
    return reports.WindowReport(
        at=window.at - start,
        reference=window.reference,
        similarity=None if math.isnan(window.similarity) else window.similarity,
        density=window.density,
        weight=window.weight,
    )


def work(work: Work) -> reports.WorkName:
    """Name a work and its creators; one without a title by its ISWC."""
    creators = tuple(reports.CreatorName(c.name, c.role, c.ipi) for c in work.creators)
    return reports.WorkName(work.iswc, work.title or work.iswc or "", creators)
