"""What a bad network does to messages: it doubles them, changes their order, alters them, and loses them.

Rules:
- What comes out is MQTT that a broker or a client could get from an honest, unlucky other side. A message that comes
  twice has a packet number of its own, and whoever sent it never hears of the second one's acknowledgement.
- A message that is swallowed is acknowledged, as by a broker that lost its memory: PUBACK promises nothing.
- Everything that was altered is remembered by its hash, so that what the platform set aside can be told from this.
"""

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random

from tests.chaos.packets import Cutter, Publish, acknowledged, acknowledgement
from tests.chaos.plan import OF_MESSAGES, Kind

UP, DOWN = True, False  # towards the broker, and away from it
_HELD = 0.3  # seconds that a message is held back at most
_REMEMBERED = 50  # messages that may come again, much later
_OWN = 50_000  # packet numbers above are ours
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass
class Doom:
    """What lies ahead of one line's messages; it outlives its connections."""

    luck: Random
    coming: Counter[tuple[Kind, bool]] = field(default_factory=Counter)  # messages, by kind and direction
    happened: Counter[Kind] = field(default_factory=Counter)
    altered: set[str] = field(default_factory=set)  # SHA-256 of payloads, hex
    past: dict[bool, deque[Publish]] = field(
        default_factory=lambda: {UP: deque(maxlen=_REMEMBERED), DOWN: deque(maxlen=_REMEMBERED)}
    )

    def is_near(self, kind: Kind, way: bool) -> bool:
        """Say whether the next message is struck by this."""
        if not self.coming[kind, way]:
            return False
        self.coming[kind, way] -= 1
        self.happened[kind] += 1
        return True


class Mischief:
    """One connection's messages, in both directions."""

    def __init__(self, doom: Doom) -> None:
        """Begin with a connection."""
        self._doom = doom
        self._cut = {UP: Cutter(), DOWN: Cutter()}
        self._held: dict[bool, list[bytes]] = {UP: [], DOWN: []}
        self._held_since = {UP: 0.0, DOWN: 0.0}
        self._own: dict[bool, set[int]] = {UP: set(), DOWN: set()}  # numbers of ours, not yet acknowledged
        self._number = {UP: _OWN, DOWN: _OWN}

    def take(self, piece: bytes, way: bool, now: float) -> list[tuple[bool, bytes]]:
        """Say what becomes of bytes that came.

        Args:
            piece: As it came, of any length.
            way: Whither they go.
            now: Monotonic seconds.

        Returns:
            What is to be sent, and whither.
        """
        sent: list[tuple[bool, bytes]] = []
        for packet in self._cut[way].take(piece):
            message = Publish.read(packet)
            if message is not None:
                sent += self._message(message, way, now)
            elif (number := acknowledged(packet)) in self._own[not way]:
                self._own[not way].discard(number)
            else:
                sent.append((way, packet))
        return sent + self.due(way, now)

    def due(self, way: bool, now: float) -> list[tuple[bool, bytes]]:
        """Give what has been held back for long enough, the last first."""
        held = self._held[way]
        if not held or (self._doom.coming[Kind.REORDER, way] and now - self._held_since[way] < _HELD):
            return []
        self._held[way] = []
        return [(way, packet) for packet in reversed(held)]

    def _message(self, message: Publish, way: bool, now: float) -> list[tuple[bool, bytes]]:
        doom = self._doom
        if doom.is_near(Kind.SWALLOW, way):
            return [(not way, acknowledgement(message.number))]
        if message.payload and doom.is_near(Kind.ALTER, way):
            message = self._altered(message)
        sent = [message.packet()]
        if message.number < _OWN and doom.is_near(Kind.DOUBLE, way):
            early = doom.past[way] and doom.luck.random() < 0.5
            sent.append(self._again(doom.luck.choice(doom.past[way]) if early else message, way))
        doom.past[way].append(message)
        if doom.is_near(Kind.REORDER, way):
            if not self._held[way]:
                self._held_since[way] = now
            self._held[way] += sent
            return []
        return [(way, packet) for packet in sent]

    def _again(self, message: Publish, way: bool) -> bytes:
        self._number[way] += 1
        self._own[way].add(self._number[way])
        return replace(message, number=self._number[way]).packet(again=True)

    def _altered(self, message: Publish) -> Publish:
        """Change one letter."""
        luck, payload = self._doom.luck, bytearray(message.payload)
        where = luck.randrange(len(payload))
        payload[where] = luck.choice([letter for letter in _LETTERS if letter != payload[where]])
        self._doom.altered.add(sha256(payload).hexdigest())
        return replace(message, payload=bytes(payload))


def strike(doom: Doom, kind: Kind, amount: int, way: bool) -> None:
    """Let so many of the next messages be struck."""
    assert kind in OF_MESSAGES
    doom.coming[kind, way] += amount
