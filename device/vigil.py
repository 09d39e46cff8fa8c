"""The watch over hearing itself: is there a microphone, does it give sound, is it covered, shall the box hear at all?

Rules:
1. What is muted is not even measured: the samples are dropped at the door.
2. Every change stands in the signed log as an incident, so often that nothing is hidden and no oftener (`spell.py`).
3. A judgement never stops recognition: whoever is thought deaf or covered is still listened to.
"""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from device.coverage import SILENT, Heard
from device.errors import Waiting
from device.hearing import State
from device.mute import Mute
from device.sound.block import Absence, Arrival, Block
from device.sound.deafness import Judge
from device.sound.devices import Found
from device.sound.second import Meter, Second
from device.spell import Begun, Ended, Spell
from device.trouble import Trouble

FLOOR_OVER = 300  # seconds, of which the quietest are the noise floor
FLOOR_PERCENTILE = 5

# Whoever toggles the switch all day does not fill the log: after so many changes within an hour, the box stays muted for
# a minute after each release. When in doubt it does not listen.
MUTES_AT_ONCE = 20
MUTES_WITHIN = 3600.0  # seconds
STAYS_MUTED = 60.0  # seconds

DEAF = Trouble(
    "microphone-deaf",
    "The microphone is there but gives no sound.",
    "Unplug it and plug it in again; if that does not help, replace it.",
)
COVERED = Trouble(
    "microphone-covered",
    "The microphone hears no high tones: something seems to lie over it.",
    "Uncover it, and take away what stands before it.",
)

Tell = Callable[[str, str, Mapping[str, Any]], None]  # an incident's code, its sentence and its detail


class Vigil:
    """Watches what arrives before anything is made of it."""

    def __init__(
        self,
        began: float,
        tell: Tell,
        judge: Judge,
        mute: Callable[[], Mute | None] = lambda: None,
        microphone: Callable[[], Found | None] = lambda: None,
    ) -> None:
        """Begin to watch.

        Args:
            began: Monotonic seconds.
            tell: Writes an incident into the log.
            judge: Tells whether a microphone is deaf or covered.
            mute: Asked for each block whether the box shall hear.
            microphone: Says which one is open, or was last.
        """
        self._tell, self._judge, self._mute_switch, self._microphone = tell, judge, mute, microphone
        self._meter = Meter()
        self._lost, self._deaf, self._covered = Spell(began), Spell(began), Spell(began)
        self._until = began
        self._muted: Mute | None = None
        self._muted_since = self._released = began
        self._changes: deque[float] = deque()
        self._levels: deque[float] = deque(maxlen=FLOOR_OVER)
        self.state: State = "starting"
        self.second: Second | None = None  # the last that was measured; None while nothing is heard
        self.trouble: Trouble | None = None

    @property
    def microphone(self) -> str | None:
        """The name of the microphone that is open, or was last."""
        found = self._microphone()
        return found.name if found else None

    @property
    def noise_floor(self) -> float | None:
        """What is left when nobody plays, dBFS; None before anything was measured."""
        return float(np.percentile(self._levels, FLOOR_PERCENTILE)) if self._levels else None

    def watch(self, arrival: Arrival) -> Heard:
        """Take what arrives, tell the log what has changed, and say what it is worth.

        Args:
            arrival: A block, or word that there is none. Of what is `MUTED` nothing may be made.
        """
        muted = self._shall_not_hear(arrival.monotonic)
        if muted or isinstance(arrival, Absence):
            self._meter.clear()
            self.second = None
        elif (second := self._meter.take(arrival)) is not None:
            self.second = second
            self._judge.hear(second)
            if not second.constant:
                self._levels.append(second.level)
        self._note(arrival)
        self._until = arrival.monotonic
        return self._become(arrival, muted)

    def _note(self, arrival: Arrival) -> None:
        """Follow what ails the microphone."""
        ends = arrival.monotonic
        begins = ends - (arrival.seconds if isinstance(arrival, Block) else 0.0)
        reason = arrival.reason if isinstance(arrival, Absence) else None
        self._told("microphone-lost", self._lost.note(reason is not None, begins, ends), reason)
        if reason is None and self._muted is None:
            self._told("microphone-deaf", self._deaf.note(self._judge.deaf, begins, ends))
            self._told("microphone-covered", self._covered.note(self._judge.covered, begins, ends))

    def _become(self, arrival: Arrival, muted: bool) -> Heard:
        """Name the state, the most serious first."""
        self.trouble = None
        if muted:
            self.state = "muted"
            return Heard.MUTED
        if isinstance(arrival, Absence):
            self.state, self.trouble = "lost", Trouble.of(arrival.reason)
            return Heard.DEAF
        if self._judge.deaf:
            self.state, self.trouble = "deaf", DEAF
            return Heard.DEAF
        if self._judge.covered:
            self.state, self.trouble = "covered", COVERED
            return Heard.COVERED
        if self.second is not None:
            self.state = "hearing" if self.second.level >= SILENT else "silent"
        elif self.state != "starting":
            self.state = "hearing"  # how loud it is will be known in a second
        return Heard.WELL

    def _told(self, code: str, news: Begun | Ended | None, reason: Waiting | None = None) -> None:
        """Write what a spell has to tell into the log."""
        if news is None:
            return
        detail = self._identity()
        match news:
            case Begun():
                why = {"reason": reason.code, "message": reason.message} if reason else {}
                self._tell(code, _BEGINS[code], detail | why)
            case Ended(_, seconds, times):
                back = "microphone-uncovered" if code == "microphone-covered" else "microphone-back"
                told = {"after": code, "seconds": round(seconds, 1), "times": times}
                self._tell(back, _ENDS[code].format(seconds=seconds), detail | told)

    def _identity(self) -> dict[str, Any]:
        found = self._microphone()
        return (
            {"microphone": found.name, **({"usb": found.identity} if found.identity else {})} if found else {}
        )

    def _shall_not_hear(self, now: float) -> bool:
        """Obey the switch, and tell its changes."""
        wish = self._mute_switch()
        if wish is not None:
            self._released = now
            if self._muted is None:
                self._muted, self._muted_since = wish, now
                self._changes.append(now)
                self._tell("muted", "The box was asked not to listen.", _by(wish, wish.since))
            return True
        if self._muted is None:
            return False
        while self._changes and self._changes[0] < now - MUTES_WITHIN:
            self._changes.popleft()
        if len(self._changes) > MUTES_AT_ONCE and now - self._released < STAYS_MUTED:
            return True
        seconds = {"seconds": round(now - self._muted_since, 1)}
        self._tell("unmuted", "The box listens again.", _by(self._muted, self._muted.since) | seconds)
        self._muted = None
        return False


def _by(mute: Mute, since: datetime | None) -> dict[str, Any]:
    """Say who muted, and since when by that one's clock."""
    return {"by": mute.by or "unknown", **({"since": since.isoformat(timespec="seconds")} if since else {})}


_BEGINS = {
    "microphone-lost": "The microphone is away.",
    "microphone-deaf": DEAF.message,
    "microphone-covered": COVERED.message,
}
_ENDS = {
    "microphone-lost": "The microphone is back; it was away for {seconds:.1f} s.",
    "microphone-deaf": "The microphone gives sound again; it gave none for {seconds:.1f} s.",
    "microphone-covered": "The microphone is no longer covered; it was for {seconds:.1f} s.",
}
