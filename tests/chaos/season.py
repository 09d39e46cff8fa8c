"""Lets a season happen: everybody works, the planned faults befall them, then all is well again and must come right.

The season's time stands still now and then until something was written and receipted, so that on a busy machine, too,
the faults befall boxes at work.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from device.errors import Waiting
from device.record.keys import Jwks
from device.record.log_reader import LogReader
from tests.chaos.clock import set_offset
from tests.chaos.evidence import gather
from tests.chaos.lines import Lines
from tests.chaos.plan import Fault, Kind, plan
from tests.chaos.stage import Season, Stage
from tests.chaos.verdict import Evidence
from tests.chaos.writer import Box
from tests.simulated.broker import Broker
from tests.simulated.postgresql import PostgreSql

_TURN = 0.02  # seconds
_TOLD = 2.0  # seconds between two words about how it goes
_LOOK = 0.2  # seconds between two looks at the logs while something is waited for
_TOGETHER = 8  # faults that come without waiting for anything to get through meanwhile
_STANDSTILL = 15.0  # seconds that the season's time stands still at most
_BEHIND = 0.15  # of the season, by which the boxes may be behind

# A connection that is cut is what this is about, and not worth a line each.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Glance:
    """How a season stands at one moment."""

    seconds: float  # since it began
    written: int  # events in all logs
    receipted: int  # of them
    faults: int  # that have happened
    healed: bool  # there are no new faults any more


@dataclass(frozen=True)
class Outcome:
    """What a season leaves."""

    evidence: Evidence
    happened: Counter[Kind]
    seconds: float  # from the first receipt to the last
    healing: float  # seconds of them without faults, until everything was receipted


def run(season: Season, tell: Callable[[Glance], None] = lambda _: None) -> Outcome:
    """Let a season happen.

    Args:
        season: What is asked for.
        tell: Told every other second how it goes.
    """
    with ExitStack() as running:
        stage = running.enter_context(Stage(season))
        lines = running.enter_context(Lines(stage.lines))
        for service in stage.services.values():
            running.callback(service.stop)
        show = _Show(stage, lines, tell)
        show.wait_until(lambda counts: all(count.receipted for count in counts), season.patience)
        begun = time.monotonic()
        show.faults(plan(season.seed, season.seconds, stage.cast, season.each))
        healing = show.healing()
        seconds = time.monotonic() - begun
        for service in stage.services.values():
            service.stop()
        evidence = gather(
            stage.boxes,
            stage.keys,
            Jwks.of([stage.platform.public]),
            stage.database,
            lines.altered,
            show.failures(),
        )
        return Outcome(evidence, show.happened, seconds, healing)


@dataclass(frozen=True)
class _Count:
    """How far one box is."""

    written: int  # events
    receipted: int  # of them
    goal: int

    @property
    def complete(self) -> bool:
        return self.receipted == self.written == self.goal


def _count(box: Box) -> _Count:
    try:
        with LogReader.read(box.log) as log:
            receipted, head = log.receipt_through(), log.head()
            return _Count(0 if head is None else head.seq, receipted, box.goal)
    except Waiting:
        return _Count(0, 0, box.goal)


class _Show:
    """A season under way."""

    def __init__(self, stage: Stage, lines: Lines, tell: Callable[[Glance], None]) -> None:
        self._stage, self._lines, self._tell = stage, lines, tell
        self._happened: Counter[Kind] = Counter()
        self._away: dict[
            Kind, tuple[Broker | PostgreSql, float]
        ] = {}  # killed, until then (monotonic seconds)
        self._begun = self._told = time.monotonic()
        self._healed = False

    @property
    def happened(self) -> Counter[Kind]:
        """What has happened, by kind."""
        return self._happened + self._lines.happened

    def faults(self, planned: Sequence[Fault]) -> None:
        """Live through the faults, until the season's time is over."""
        length = self._stage.season.seconds
        season, last = 0.0, time.monotonic()
        for number, fault in enumerate([*planned, None], 1):
            until = length if fault is None else fault.at
            while season < until:
                now = time.monotonic()
                season, last = season + now - last, now
                self._stage.time.move_to(min(1.0, season / length))
                self._turn()
            if fault is not None:
                self._strike(fault)
            if number % _TOGETHER == 0:
                self._let_something_through(season / length)
                last = time.monotonic()

    def healing(self) -> float:
        """Let all be well, and wait until everything is written and receipted, or patience ends.

        Returns:
            How many seconds it took.
        """
        begun = time.monotonic()
        self._healed = True
        self._lines.heal()
        self._away = {kind: (killed, begun) for kind, (killed, _) in self._away.items()}
        for box in self._stage.boxes:
            set_offset(box.clock, 0.0)
        self._stage.time.move_to(1.0)
        self.wait_until(lambda counts: all(count.complete for count in counts), self._stage.season.patience)
        return time.monotonic() - begun

    def wait_until(self, true: Callable[[list[_Count]], bool], seconds: float) -> None:
        """Go on until something is true of all boxes, or so many seconds have passed."""
        begun = time.monotonic()
        while not true([_count(box) for box in self._stage.boxes]):
            look = time.monotonic()
            if look - begun > seconds:
                return
            while time.monotonic() - look < _LOOK:
                self._turn()

    def failures(self) -> list[str]:
        """Name the processes that ended by themselves though nobody had asked them to."""
        return [
            f"{service.name} ended by itself, status {status}, {times} times; see {service.words}."
            for service in self._stage.services.values()
            for status, times in Counter(service.failed).items()
        ]

    def _let_something_through(self, share: float) -> None:
        before = sum(_count(box).receipted for box in self._stage.boxes)

        def through(counts: list[_Count]) -> bool:
            due = (share - _BEHIND) * sum(count.goal for count in counts)
            written, receipted = (
                sum(count.written for count in counts),
                sum(count.receipted for count in counts),
            )
            return written >= due and receipted > before

        self.wait_until(through, _STANDSTILL)

    def _strike(self, fault: Fault) -> None:
        services = self._stage.services
        match fault.kind:
            case Kind.KILL_WRITER:
                self._happened[fault.kind] += services[f"writer {fault.target}"].kill(fault.length)
            case Kind.KILL_SYNC:
                self._happened[fault.kind] += services[f"sync {fault.target}"].kill(fault.length)
            case Kind.KILL_RECEIVER:
                self._happened[fault.kind] += services[fault.target].kill(fault.length)
            case Kind.KILL_BROKER:
                self._kill(self._stage.broker, fault)
            case Kind.KILL_DATABASE:
                assert self._stage.server is not None
                self._kill(self._stage.server, fault)
            case Kind.CLOCK:
                box = next(box for box in self._stage.boxes if box.name == fault.target)
                set_offset(box.clock, fault.amount)
                self._happened[fault.kind] += 1
            case _:
                self._lines.strike(fault)

    def _kill(self, one: Broker | PostgreSql, fault: Fault) -> None:
        if fault.kind not in self._away:
            one.kill()
            self._away[fault.kind] = one, time.monotonic() + fault.length
            self._happened[fault.kind] += 1

    def _turn(self) -> None:
        now = time.monotonic()
        for kind, (killed, until) in list(self._away.items()):
            if now >= until:
                killed.start()
                del self._away[kind]
        for service in self._stage.services.values():
            service.look_after(now)
        if now - self._told > _TOLD:
            self._told = now
            counts = [_count(box) for box in self._stage.boxes]
            self._tell(
                Glance(
                    seconds=now - self._begun,
                    written=sum(count.written for count in counts),
                    receipted=sum(count.receipted for count in counts),
                    faults=sum(self.happened.values()),
                    healed=self._healed,
                )
            )
        time.sleep(_TURN)
