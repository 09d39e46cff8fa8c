"""How the box is doing, in one light and one advice: the light, the page and `estu status` all say this.

Rules:
- Health is proven by what was written lately, not by a process that runs. A word that has grown old says that its
  writer does not work.
- One advice at a time, the most urgent first: what keeps the box from hearing goes before what keeps the platform
  from knowing, and that before what only makes times uncertain.
- "Delivered" is said by the platform's receipts alone. A connection that nobody answers on is not delivery.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from device.hearing import Hearing
from device.sync.state import SyncState

# Seconds from power to the first word of `estu listen`, on a slow card that is checked first.
STARTS_WITHIN = 300.0

# `estu listen` writes once a second; a busy machine may miss some.
HEARING_GROWS_OLD = timedelta(seconds=15)

# `estu sync` writes once a minute, and may spend another in connecting.
SYNC_GROWS_OLD = timedelta(seconds=180)

# A router starts anew in less than this; staff need not run for it.
CONNECTING = timedelta(minutes=5)

# A receipt comes within seconds of an event. The next event, which asks for another, within a quarter of an hour.
RECEIPT_EXPECTED = timedelta(minutes=20)


class Light(Enum):
    """What the one light shows."""

    STARTING = "starting"
    HEARS_AND_DELIVERED = "hears-and-delivered"
    HEARS_NOT_DELIVERED = "hears-not-delivered"
    DEAF = "deaf"
    MUTED = "muted"
    BROKEN = "broken"


Code = Literal[
    "listen-stopped",
    "disk-full",
    "broken",
    "muted",
    "starting",
    "starting-again",
    "microphone-lost",
    "microphone-busy",
    "microphone-ambiguous",
    "microphone-refused",
    "microphone-deaf",
    "microphone-covered",
    "sync-stopped",
    "broker-away",
    "broker-untrusted",
    "broker-refuses",
    "platform-silent",
    "delivering",
    "clock-unset",
    "well",
]

# In the order of urgency: what to tell whoever stands before the box. The page has them in three languages.
ADVICE: dict[Code, str] = {
    "listen-stopped": "The box does not listen. Pull its plug, wait ten seconds, plug it in; then call the technician.",
    "disk-full": "The card is full, nothing more can be recorded. Check the network first: it empties by delivering.",
    "broken": "Something in the box is broken. Pull its plug, wait ten seconds, plug it in; then call the technician.",
    "muted": "The box is muted and hears nothing. Let it hear again on its page or with its button.",
    "starting": "The box is starting. Wait two minutes.",
    "starting-again": "The box had to start listening anew. Wait two minutes; if this stays, call the technician.",
    "microphone-lost": "The microphone is away. Plug it in again, straight into the box.",
    "microphone-busy": "Another program has the microphone. Pull the box's plug, wait ten seconds, plug it in; then call "
    "the technician.",
    "microphone-ambiguous": "Several microphones are plugged in. Leave only the one plugged in that belongs to the box.",
    "microphone-refused": "The microphone is there and cannot be used. Unplug it, plug it in again; if that does not help, "
    "replace it.",
    "microphone-deaf": "The microphone gives nothing. Unplug it, plug it in again; if that does not help, replace it.",
    "microphone-covered": "The microphone seems to be covered. Uncover it and take away what stands before it.",
    "sync-stopped": "The box hears, but does not deliver. Pull its plug, wait ten seconds, plug it in.",
    "broker-away": "The box hears, but cannot reach the platform. Check the network cable and the router.",
    "broker-untrusted": "The box hears, but does not trust what answers for the platform. Call the technician.",
    "broker-refuses": "The box hears, but the platform does not admit it. Call the platform's operator.",
    "platform-silent": "The box hears and sends, but the platform does not confirm. Call the platform's operator.",
    "delivering": "The box hears and has begun to deliver. Wait some minutes.",
    "clock-unset": "The box hears; it does not know the time for certain yet. Check that the network lets NTP through.",
    "well": "All is well.",
}


@dataclass(frozen=True)
class Condition:
    """How the box is doing."""

    light: Light
    code: Code  # of the most urgent advice

    @property
    def advice(self) -> str:
        """Say it in English."""
        return ADVICE[self.code]


def condition(
    hearing: Hearing | None,
    sync: SyncState | None,
    waiting: int,
    last_receipt: datetime | None,
    now: datetime,
    up: float | None = None,
) -> Condition:
    """Judge how the box is doing.

    Args:
        hearing: What `estu listen` wrote last; None if nothing since the machine started.
        sync: What `estu sync` wrote last; None if it never ran.
        waiting: Events in the log that no receipt covers.
        last_receipt: UTC, the time in the last receipt; None if there was none.
        now: UTC, by the machine's own clock, right or wrong: `sync` was written by it.
        up: Seconds since the machine started (`clock.running()`): the age of `hearing` is told by this, since its clock
            may be another's floor or be set at any moment. None: by `now`, as well as that can be.
    """
    if hearing is None:
        if up is None or up < STARTS_WITHIN:
            return Condition(Light.STARTING, "starting")
        return Condition(Light.BROKEN, "listen-stopped")
    if not is_fresh(hearing, now, up):
        return Condition(Light.BROKEN, "listen-stopped")
    not_hearing = _not_hearing(hearing, up)
    if not_hearing is not None:
        return not_hearing
    undelivered = _undelivered(sync, waiting, last_receipt, now)
    if undelivered is not None:
        return Condition(Light.HEARS_NOT_DELIVERED, undelivered)
    if hearing.clock == "unsynchronised":
        return Condition(Light.HEARS_AND_DELIVERED, "clock-unset")
    return Condition(Light.HEARS_AND_DELIVERED, "well")


def is_fresh(hearing: Hearing, now: datetime, up: float | None) -> bool:
    """Say whether what `estu listen` wrote last is about this moment; arguments as for `condition`."""
    if up is None or hearing.monotonic is None:
        return not _old(hearing.written, now, HEARING_GROWS_OLD)
    return -1.0 <= up - hearing.monotonic <= HEARING_GROWS_OLD.total_seconds()


def _not_hearing(hearing: Hearing, up: float | None) -> Condition | None:
    trouble = None if hearing.trouble is None else hearing.trouble.code
    if trouble == "disk-full":  # also where it hears: what it hears waits in memory
        return Condition(Light.BROKEN, "disk-full")
    if trouble == "log-disk":
        return Condition(Light.BROKEN, "broken")
    match hearing.state:
        case "broken":
            return Condition(Light.BROKEN, "broken")
        case "muted":
            return Condition(Light.MUTED, "muted")
        case "starting":
            # A service that ends again and again says each time that it starts: nobody shall wait for it for ever.
            again = up is not None and up >= STARTS_WITHIN
            return Condition(Light.STARTING, "starting-again" if again else "starting")
        case "lost":
            return Condition(Light.DEAF, _lost(trouble))
        case "deaf":
            return Condition(Light.DEAF, "microphone-deaf")
        case "covered":
            return Condition(Light.DEAF, "microphone-covered")
        case "hearing" | "silent":
            return None


def _lost(trouble: str | None) -> Code:
    """Say why there is no microphone: whoever is told to plug in what is plugged in is not helped."""
    match trouble:
        case "microphone-busy":
            return "microphone-busy"
        case "microphone-ambiguous":
            return "microphone-ambiguous"
        case "microphone-not-opened" | "microphone-not-listed" | "sound-system-away":
            return "microphone-refused"
        case _:
            return "microphone-lost"


def _undelivered(
    sync: SyncState | None, waiting: int, last_receipt: datetime | None, now: datetime
) -> Code | None:
    """Say what keeps the platform from knowing, or None if nothing does."""
    if sync is None or _old(sync.written, now, SYNC_GROWS_OLD):
        return "sync-stopped"
    lately = abs(now - sync.since) < CONNECTING
    behind = waiting > 0 and (last_receipt is None or _old(last_receipt, now, RECEIPT_EXPECTED))
    if not sync.connected and (behind or not lately):
        return _away(sync)
    if behind:
        return "delivering" if lately else "platform-silent"
    return None


def _away(sync: SyncState) -> Code:
    match sync.trouble.code if sync.trouble else "":
        case "broker-untrusted" | "tls-files":
            return "broker-untrusted"
        case "broker-refuses" | "broker-closes" | "broker-subscription" | "broker-denies":
            return "broker-refuses"
        case _:
            return "broker-away"


def _old(written: datetime, now: datetime, limit: timedelta) -> bool:
    """Say whether a word is old; one from the future is, too: the clock was set back since, and nobody wrote."""
    return abs(now - written) > limit
