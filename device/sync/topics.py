"""Where messages go: the topics of the contract's first version, built and taken apart.

    estu/v1/{box}/event      box to platform   signed events, in the order of their numbers
    estu/v1/{box}/presence   box to platform   retained, and the box's last will: is it connected
    estu/v1/{box}/receipt    platform to box   retained: the signed "I have all of yours up to N"
    estu/v1/{box}/notice     platform to box   what a technician or the venue should know

A box's certificate names it, and the broker lets it write and read under that name alone (`central/mosquitto`).
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from device.errors import Refused

Kind = Literal["event", "presence", "receipt", "notice"]

ALL_EVENTS = "estu/v1/+/event"
SHARED_EVENTS = (
    f"$share/receivers/{ALL_EVENTS}"  # MQTT 5, section 4.8.2: each event goes to one of the receivers
)

_BOX = re.compile(r"[a-z0-9][a-z0-9-]{2,31}", re.ASCII)
_GROUP = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_LONGEST = 64  # characters; the longest valid topic has 49


@dataclass(frozen=True)
class Topic:
    """One box's topic of one kind."""

    box: str
    kind: Kind

    def __str__(self) -> str:
        """Give the topic as MQTT takes it."""
        return f"estu/v1/{self.box}/{self.kind}"


def event(box: str) -> str:
    """Give the topic that a box writes its events to."""
    return _of(box, "event")


def presence(box: str) -> str:
    """Give the retained topic that says whether a box is connected."""
    return _of(box, "presence")


def receipt(box: str) -> str:
    """Give the retained topic that the platform answers a box on."""
    return _of(box, "receipt")


def notice(box: str) -> str:
    """Give the topic of the platform's words to a box."""
    return _of(box, "notice")


def shared_events(group: str) -> str:
    """Give the subscription by which a group of receivers shares all boxes' events: each goes to one of them.

    Whoever knows the group's name can join it and swallow a share of the events, also where the broker then lets him
    read none; so the name is the receivers' secret. (MQTT 5, section 4.8.2.)

    Raises:
        Refused: The name has a character that has a meaning in a topic.
    """
    if not _GROUP.fullmatch(group):
        raise Refused("group-name", "A group's name has letters, digits and hyphens.", "Choose another name.")
    return f"$share/{group}/{ALL_EVENTS}"


def parse(topic: str) -> Topic:
    """Take a topic apart.

    Args:
        topic: As it came with a message: no wildcards.

    Raises:
        Refused: It is not one of the four, or what stands in the box's place is no box's name.
    """
    parts = topic.split("/") if len(topic) <= _LONGEST else []
    match parts:
        case ["estu", "v1", box, ("event" | "presence" | "receipt" | "notice") as kind] if _BOX.fullmatch(
            box
        ):
            return Topic(box, kind)
    raise Refused(
        "topic-unknown",
        f"{topic[:_LONGEST]!r} is not a topic of this contract.",
        f"Topics are estu/v1/BOX/ and one of {', '.join(get_args(Kind))}.",
    )


def _of(box: str, kind: Kind) -> str:
    if not _BOX.fullmatch(box):
        raise Refused(
            "box-name",
            f"{box[:_LONGEST]!r} is not a box's name.",
            "A name has 3 to 32 small Latin letters, digits and hyphens, and does not start with a hyphen.",
        )
    return str(Topic(box, kind))
