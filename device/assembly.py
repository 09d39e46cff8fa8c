"""The parts put together: the one place on the box, beside `__main__`, that reads settings."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version

from device import mute
from device.account import Account
from device.bulletin import Bulletin
from device.changes import changes
from device.clock_watch import ClockWatch
from device.coverage import CoverageCount
from device.errors import Refused
from device.host.clock import Clock, Instant
from device.listening import Ear
from device.play import Plays
from device.recogniser import Recogniser, open_recogniser
from device.record import suspicion
from device.record.log import EventLog
from device.record.patient_log import PatientLog
from device.record.reports import BootReport, IncidentReport, LastEvent, LogFound, Report
from device.record.signing_key import SigningKey
from device.renewal import Renewal
from device.settings import MicrophoneSettings, Settings
from device.sound import baseline, gain
from device.sound.baseline import Baseline
from device.sound.deafness import Deafness, Judge, Trust
from device.sound.devices import Found, Named
from device.sound.microphone import Microphone
from device.sound.usb_identity import Usb
from device.under_way import UnderWayFile
from device.unidentified import Unidentified
from device.vigil import Vigil

_log = logging.getLogger("estu.listen")

COVERAGE_PERIOD = 900.0  # seconds between coverage events


@contextmanager
def ear(
    settings: Settings,
    clock: Clock,
    microphone: Microphone | None = None,
    bulletin: Bulletin | None = None,
    ended: IncidentReport | None = None,
) -> Iterator[Ear]:
    """Put a listening box together and say in its log that it begins.

    Args:
        settings: The box's.
        clock: Says when what is heard sounds.
        microphone: What will be heard; None for a file, which nobody judges, mutes or takes up again.
        bulletin: Where is shown what is heard now.
        ended: How the last run ended, if not as it should.

    Raises:
        Refused: The catalogue or the model is not acceptable.
        Broken: The log or the signing key is not.
        Waiting: The disk is full.
    """
    folder, models = settings.paths.catalogue, settings.models
    parts = open_recogniser(folder, models)
    with Renewal(folder, parts, lambda used: open_recogniser(folder, models, used)) as renewal:
        signing_key = SigningKey.load(settings.paths.signing_key, settings.box.id)
        kind = PatientLog if microphone else EventLog  # a file can be heard again
        log_path = settings.paths.log
        with suspicion.left_behind(log_path), kind.open(log_path, settings.box.id, signing_key) as log:
            thresholds = parts.catalogue.thresholds
            account = Account(log, clock, parts.catalogue, parts.model.digest, thresholds, parts.chance)
            plays = Plays(thresholds.accept, thresholds.candidate)
            under_way = UnderWayFile(settings.under_way) if microphone else None
            if under_way is not None and (kept := under_way.read()) is not None:
                plays.go_on(account.take_up(kept))
            now = clock.now()
            boot = _boot(log, parts, now)
            changed = list(changes(log, settings, boot))
            begins: list[Report] = [boot, *([ended] if ended else []), *changed]
            for report in begins:
                log.append(report, now)
            judge = _judge(settings, microphone) if microphone else Trust()
            yield Ear(
                vigil=_vigil(settings, now, account, judge, microphone),
                cutter=parts.cutter(),
                gate=parts.gate,
                model=parts.model,
                matcher=parts.matcher,
                plays=plays,
                unidentified=Unidentified.following(parts),
                coverage=CoverageCount(
                    COVERAGE_PERIOD, tells_covered=judge.tells_covered, tells_music=parts.gate is not None
                ),
                account=account,
                bulletin=bulletin,
                under_way=under_way,
                clock_watch=ClockWatch(clock, log, log.append) if microphone else None,
                renewal=renewal,
            )


def microphone(wanted: MicrophoneSettings) -> Microphone:
    """Give the microphone that the settings name."""
    named = Named(wanted.device) if wanted.device else Usb(wanted.usb, wanted.serial, wanted.port)

    def prepare(found: Found) -> None:
        if found.card is not None:
            gain.set_gain(gain.mixer_of(found.card), wanted.gain)

    return Microphone(named, prepare)


def _judge(settings: Settings, microphone: Microphone) -> Judge:
    """Give whoever tells a deaf microphone; without a baseline that can be read it tells less, and the box hears on."""
    try:
        kept = baseline.read(settings.baseline)
    except Refused as refusal:
        _log.warning("%s", refusal)
        kept = None

    def suits(kept: Baseline) -> bool:
        return microphone.found is not None and kept.suits(microphone.found.identity)

    return Deafness(kept, suits)


def _vigil(
    settings: Settings, now: Instant, account: Account, judge: Judge, microphone: Microphone | None
) -> Vigil:
    if microphone is None:
        return Vigil(now.monotonic, account.incident, judge)
    return Vigil(
        now.monotonic,
        account.incident,
        judge,
        mute=lambda: mute.read(settings.muted),
        microphone=lambda: microphone.found,
    )


def _boot(log: EventLog, parts: Recogniser, now: Instant) -> BootReport:
    """Tell how the box and its log come up."""
    last = log.last()
    previous = LastEvent(last.seq, datetime.fromisoformat(last.time)) if last else None
    off = (now.utc - previous.time).total_seconds() if previous and now.state == "synchronised" else None
    return BootReport(
        software=version("estu"),
        model=parts.model.digest,
        catalogue=parts.catalogue.digest,
        previous=previous,
        off_seconds=off if off is not None and off >= 0 else None,
        log=LogFound(events=log.opening.events, cut=log.opening.cut),
    )
