"""MQTT 5 packets as far as a line must understand them to double, hold back, alter or swallow a message."""

from collections.abc import Iterator
from dataclasses import dataclass

PUBLISH, PUBACK = 3, 4  # MQTT 5, section 2.1.2
_QOS, _DUP = 0b0110, 0b1000  # flags of a PUBLISH, section 3.3.1
_LONGEST = 4  # bytes that a packet's length is written in, section 2.1.4


class Cutter:
    """Cuts a stream of bytes into whole packets."""

    def __init__(self) -> None:
        """Begin at the first byte of a connection."""
        self._rest = b""

    def take(self, piece: bytes) -> Iterator[bytes]:
        """Give the packets that are whole now; what is not yet waits for its end."""
        self._rest += piece
        while (end := _end(self._rest)) is not None:
            packet, self._rest = self._rest[:end], self._rest[end:]
            yield packet


@dataclass(frozen=True)
class Publish:
    """A message that wants to be acknowledged (QoS 1)."""

    flags: int
    topic: bytes
    number: int  # of the packet, for its PUBACK
    properties: bytes  # with their length
    payload: bytes

    @classmethod
    def read(cls, packet: bytes) -> "Publish | None":
        """Read a packet; None if it is another one."""
        if packet[0] >> 4 != PUBLISH or not packet[0] & _QOS:
            return None
        body = packet[1 + _length(packet, 1)[1] :]
        topic_end = 2 + int.from_bytes(body[:2], "big")
        properties, written_in = _length(body, topic_end + 2)
        payload = topic_end + 2 + written_in + properties
        return cls(
            packet[0] & 0x0F,
            body[2:topic_end],
            int.from_bytes(body[topic_end : topic_end + 2], "big"),
            body[topic_end + 2 : payload],
            body[payload:],
        )

    def packet(self, again: bool = False) -> bytes:
        """Write it; `again` marks it as one that may have come before."""
        flags = self.flags | (_DUP if again else 0)
        topic = len(self.topic).to_bytes(2, "big") + self.topic
        body = topic + self.number.to_bytes(2, "big") + self.properties + self.payload
        return bytes([PUBLISH << 4 | flags]) + _written(len(body)) + body


def acknowledged(packet: bytes) -> int | None:
    """Give the number of the message that a packet acknowledges; None if it is no PUBACK."""
    if packet[0] >> 4 != PUBACK:
        return None
    return int.from_bytes(packet[2:4], "big")


def acknowledgement(number: int) -> bytes:
    """Write the PUBACK of a message, as if whoever should have taken it had."""
    return bytes([PUBACK << 4, 2]) + number.to_bytes(2, "big")


def _end(stream: bytes) -> int | None:
    """Find where the first packet ends; None if its end is not there yet."""
    for written_in in range(1, min(_LONGEST, len(stream) - 1) + 1):
        if not stream[written_in] & 0x80:
            end = 1 + written_in + _length(stream, 1)[0]
            return end if len(stream) >= end else None
    return None


def _length(text: bytes, start: int) -> tuple[int, int]:
    """Read a variable byte integer (section 1.5.5), and say in how many bytes it is written."""
    value = 0
    for position in range(_LONGEST):
        byte = text[start + position]
        value |= (byte & 0x7F) << 7 * position
        if not byte & 0x80:
            return value, position + 1
    raise ValueError("a length of MQTT has four bytes at most")


def _written(value: int) -> bytes:
    written = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        written.append(low | (0x80 if value else 0))
        if not value:
            return bytes(written)
