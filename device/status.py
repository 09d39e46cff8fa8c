"""How the box is doing, from what its processes have written: is it hearing, and has the platform received it?

Health is proven by sound that arrived, not by a process that runs: the last event's age says more than a green
light. Everything is read only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from device.record import generations
from device.record.log import EventLog
from device.record.notice import Notice
from device.record.reports import CoverageReport, PlayReport
from device.record.room import Room
from device.sync import state
from device.sync.state import SyncState
from device.sync.updates.state import UpdateState


@dataclass(frozen=True)
class LastPlay:
    """The play that was reported last."""

    recording: str
    title: str
    artist: str | None
    status: str
    start: datetime  # UTC
    end: datetime  # UTC


@dataclass(frozen=True)
class Status:
    """The box at one moment."""

    box: str
    events: int  # in the log
    head: int  # number of the last event, 0 if there is none
    last_event: datetime | None  # UTC, when it was written
    last_play: LastPlay | None
    last_coverage: CoverageReport | None
    receipt: int  # number up to which the platform has all events, 0 if it has none
    receipted: datetime | None  # UTC, the time in that receipt
    waiting: int  # events that no receipt covers
    lost: int  # numbers whose events the card has lost, and the log says so
    damaged: int  # files of the log that were found damaged, and are kept as they were
    free_bytes: int  # on the card, and in the log itself
    nearly_full: bool  # so that delivered events go before their time
    sync: SyncState | None  # None: `estu sync` never ran here
    updates: UpdateState | None  # None: nobody ever looked for updates here
    notices: Sequence[Notice] = ()  # what the platform has to say to the people here, the newest first


def read(
    log_path: Path, state_path: Path, notices: Sequence[Notice] = (), updates: UpdateState | None = None
) -> Status:
    """Read how the box is doing.

    Args:
        log_path: The log.
        state_path: What `estu sync` writes.
        notices: What the platform has to say, verified.
        updates: How updates go.

    Raises:
        Waiting: There is no log yet: the box has never listened.
        Broken: The log cannot be read.
    """
    room = Room(log_path)
    with EventLog.read(log_path) as log:
        plays = log.latest(PlayReport, 1)
        coverages = log.latest(CoverageReport, 1)
        receipt = log.receipt()
        last = log.last()
        play = plays[0].event.report if plays else None
        coverage = coverages[0].event.report if coverages else None
        return Status(
            box=log.box,
            events=log.count(),
            head=last.seq if last else 0,
            last_event=datetime.fromisoformat(last.time) if last else None,
            last_play=_last_play(play) if isinstance(play, PlayReport) else None,
            last_coverage=coverage if isinstance(coverage, CoverageReport) else None,
            receipt=receipt.through if receipt else 0,
            receipted=receipt.time if receipt else None,
            waiting=log.waiting(),
            lost=sum(len(bridge.numbers) for bridge in log.losses()),
            damaged=generations.damaged(log_path),
            free_bytes=room.free + log.room_inside(),
            nearly_full=room.is_low(log.room_inside()),
            sync=state.read(state_path),
            updates=updates,
            notices=notices,
        )


def in_words(status: Status, now: datetime) -> list[str]:
    """Tell the status to a person.

    Args:
        status: What was read.
        now: UTC.
    """
    lines = [f"{status.box}: {status.events} events in the log, the last {_ago(status.last_event, now)}."]
    if play := status.last_play:
        name = " - ".join(filter(None, [play.artist, play.title]))
        sure = "" if play.status == "identified" else " (unsure)"
        lines.append(f"Heard last: {name}{sure}, ended {_ago(play.end, now)}.")
    else:
        lines.append("No play was heard yet.")
    if coverage := status.last_coverage:
        seconds = coverage.seconds
        lines.append(
            f"In the last period: {seconds.listened:.0f} s listened, {seconds.identified:.0f} s identified, "
            f"{seconds.silent:.0f} s silent, {seconds.lost + seconds.deaf:.0f} s not heard."
        )
    lines.append(
        f"The platform has receipted {status.receipt} of {status.head} ({_ago(status.receipted, now)})."
    )
    if status.nearly_full:
        lines.append(
            f"The card is nearly full, {status.free_bytes / 1e6:.0f} MB are free: delivered events go early."
        )
    if status.lost or status.damaged:
        lines.append(
            f"The card has lost {status.lost} events, and {status.damaged} damaged files of the log are kept: "
            "replace the card, keep the old one."
        )
    if status.sync is None:
        lines.append("`estu sync` has never run here.")
    elif status.sync.trouble:
        lines.append(f"{status.sync.trouble.message} {status.sync.trouble.advice}")
    else:
        lines.append(f"{'Connected' if status.sync.connected else 'Not connected'} to {status.sync.broker}.")
    if status.sync and not status.sync.trouble and (last := status.sync.last_trouble):
        lines.append(f"The last trouble on the way, {_ago(status.sync.troubled, now)}: {last.message}")
    lines += _of_updates(status.updates, now)
    said = ((_ago(notice.time, now), notice.text.en, notice.code) for notice in status.notices)
    lines += [f"The platform says ({ago}): {words} [{code}]" for ago, words, code in said]
    return lines


def _of_updates(updates: UpdateState | None, now: datetime) -> list[str]:
    """Tell how updates go; nothing where nobody looks for any."""
    if updates is None:
        return []
    here = (
        "no catalogue" if updates.catalogue is None else f"catalogue {updates.catalogue} of {updates.created}"
    )
    lines = [f"Updates from {updates.server}: {here}, checked {_ago(updates.checked, now)}."]
    if updates.system is not None:
        lines.append(f"System {updates.system} was laid ready last.")
    if updates.taken is not None:
        lines.append(f"An update is coming: {updates.taken / 1e6:.1f} MB so far.")
    if updates.trouble is not None:
        lines.append(f"{updates.trouble.message} {updates.trouble.advice}")
    return lines


def _last_play(report: PlayReport) -> LastPlay:
    return LastPlay(
        recording=report.recording.id,
        title=report.recording.title,
        artist=report.recording.artist,
        status=report.status,
        start=report.start,
        end=report.end,
    )


def _ago(then: datetime | None, now: datetime) -> str:
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}s ago"
    return f"{max(0.0, seconds):.0f} s ago"
