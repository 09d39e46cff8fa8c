"""What goes between us and a broker."""

from dataclasses import dataclass

NO_RECEIVER = 0x10  # PUBACK: accepted, and nobody has subscribed (MQTT 5, section 3.4.2.1)
FAILURE = 0x80  # reason codes from here on are failures (section 2.4)


@dataclass(frozen=True)
class Message:
    """What came from the broker."""

    topic: str
    payload: bytes
    retained: bool  # it was kept by the broker, and is not new
    number: int  # the packet's, for `acknowledge`


@dataclass(frozen=True)
class Acknowledged:
    """The broker's PUBACK of one of our messages."""

    number: int  # what `publish` gave
    code: int  # MQTT reason code
    words: str  # the code, as the standard calls it

    @property
    def accepted(self) -> bool:
        """Whether the broker took the message."""
        return self.code < FAILURE


@dataclass(frozen=True)
class Will:
    """What the broker says for us when we are gone without a word; retained."""

    topic: str
    payload: bytes
