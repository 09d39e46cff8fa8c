"""What will go wrong and when: chosen from a seed alone, so that a season can be had again.

The choices are repeatable; what the machine makes of them is not: which byte a process had reached when it was killed
is for its scheduler to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

QUIET_END = 0.12  # of the season, at its end: no new faults
_SLOWEST = 0.15  # seconds that a piece is held back, at most
_EARLIEST_CLOCK = -56 * 365.0 * 86_400  # seconds: a box without a clock of its own wakes in 1970
_YEAR = 365 * 86_400.0


class Kind(StrEnum):
    """What can go wrong; the values stand in `summary.json`."""

    DELAY = "pieces delayed"
    CUT = "connections cut at a random byte"
    HALF_OPEN = "connections held in silence"
    ONE_WAY = "connections dead in one direction"
    DEAF = "connections accepted and never answered"
    DOUBLE = "messages doubled"
    REORDER = "messages out of order"
    ALTER = "messages altered"
    SWALLOW = "messages acknowledged and lost"
    KILL_WRITER = "box writers killed"
    KILL_SYNC = "estu sync killed"
    KILL_BROKER = "brokers killed"
    KILL_RECEIVER = "receivers killed"
    KILL_DATABASE = "databases killed"
    CLOCK = "clock jumps"


OF_LINES = (Kind.DELAY, Kind.CUT, Kind.HALF_OPEN, Kind.ONE_WAY, Kind.DEAF)
OF_MESSAGES = (Kind.DOUBLE, Kind.REORDER, Kind.ALTER, Kind.SWALLOW)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    at: float  # seconds after the season began
    kind: Kind
    target: str  # a line, a box or a receiver
    length: float  # seconds that it lasts; for what is killed, until it is started again
    amount: float  # seconds of delay or of a clock's jump, bytes until a cut, messages
    upward: bool  # towards the broker, where a direction matters


@dataclass(frozen=True)
class Cast:
    """Who and what there is."""

    boxes: Sequence[str]
    receivers: Sequence[str]
    legible: frozenset[str]  # those whose lines are in the clear, so that their messages can be told apart
    server: bool = False  # the ledger's database is a server, which can be killed


def plan(seed: int, seconds: float, cast: Cast, each: float = 0.3) -> list[Fault]:
    """Choose the faults of a season.

    Kinds are dealt like cards, so that each comes as often as the others.

    Args:
        seed: The same gives the same.
        seconds: How long the season lasts; its end is quiet.
        cast: Whom it can befall.
        each: Seconds between two faults, on average.
    """
    luck = Random(seed)
    kinds = [kind for kind in Kind if kind is not Kind.KILL_DATABASE or cast.server]
    faults: list[Fault] = []
    cards: list[Kind] = []
    at = luck.uniform(0, each)
    while at < seconds * (1 - QUIET_END):
        if not cards:
            cards = luck.sample(kinds, len(kinds))
        faults.append(_fault(at, cards.pop(), cast, luck, seconds))
        at += luck.uniform(0.3, 1.7) * each
    return faults


def _fault(at: float, kind: Kind, cast: Cast, luck: Random, seconds: float) -> Fault:
    short = luck.uniform(0.2, min(4.0, 0.1 * seconds))
    everybody = [*cast.boxes, *cast.receivers]
    match kind:
        case Kind.DELAY:
            target, amount = luck.choice(everybody), luck.uniform(0.005, _SLOWEST)
        case Kind.CUT:
            target, amount = luck.choice(everybody), float(luck.randrange(1, 20_000))
        case Kind.HALF_OPEN | Kind.ONE_WAY | Kind.DEAF:
            target, amount = luck.choice(everybody), 0.0
        case Kind.DOUBLE | Kind.REORDER | Kind.ALTER | Kind.SWALLOW:
            most = {Kind.DOUBLE: 40, Kind.REORDER: 20, Kind.ALTER: 3, Kind.SWALLOW: 5}[kind]
            target, amount = luck.choice(sorted(cast.legible)), float(luck.randint(1, most))
        case Kind.KILL_WRITER | Kind.KILL_SYNC:
            target, amount = luck.choice(cast.boxes), 0.0
        case Kind.KILL_BROKER | Kind.KILL_DATABASE:
            target, amount = "platform", 0.0
        case Kind.KILL_RECEIVER:
            target, amount = luck.choice(cast.receivers), 0.0
        case Kind.CLOCK:
            target = luck.choice(cast.boxes)
            amount = luck.choice(
                [_EARLIEST_CLOCK, luck.uniform(-5, 5) * _YEAR, luck.uniform(-7200, 7200), 0.0, 0.0]
            )
    return Fault(at, kind, target, short, amount, upward=luck.random() < 0.5)
