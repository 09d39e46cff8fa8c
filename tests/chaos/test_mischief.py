"""What becomes of messages on a bad line."""

from hashlib import sha256
from random import Random

import pytest

from tests.chaos.mischief import DOWN, UP, Doom, Mischief, strike
from tests.chaos.packets import Publish, acknowledgement
from tests.chaos.plan import Kind


def message(number: int) -> bytes:
    return Publish(0b0010, b"estu/v1/kz-ala-0001/event", number, b"\x00", b"event%d" % number).packet()


@pytest.fixture
def doom() -> Doom:
    return Doom(Random(1))


def sent(mischief: Mischief, *numbers: int) -> list[tuple[bool, bytes]]:
    return mischief.take(b"".join(map(message, numbers)), UP, now=0.0)


def payloads(passed: list[tuple[bool, bytes]]) -> list[bytes]:
    messages = [Publish.read(packet) for way, packet in passed if way is UP]
    return [message.payload for message in messages if message is not None]


def test_a_good_line_passes_every_byte_on(doom: Doom) -> None:
    assert b"".join(packet for _, packet in sent(Mischief(doom), 1, 2, 3)) == b"".join(
        map(message, (1, 2, 3))
    )
    assert not doom.happened


def test_a_doubled_message_comes_twice_and_its_sender_hears_of_one(doom: Doom) -> None:
    strike(doom, Kind.DOUBLE, 1, UP)
    mischief = Mischief(doom)
    passed = sent(mischief, 1, 2)
    assert payloads(passed) == [b"event1", b"event1", b"event2"]
    second = Publish.read(passed[1][1])
    assert second is not None
    assert second.number not in (1, 2)
    acknowledgements = b"".join(map(acknowledgement, (1, second.number, 2)))
    back = mischief.take(acknowledgements, DOWN, now=0.0)
    assert back == [(DOWN, acknowledgement(1)), (DOWN, acknowledgement(2))]
    assert doom.happened[Kind.DOUBLE] == 1


def test_messages_out_of_order_come_the_last_first_and_none_is_kept(doom: Doom) -> None:
    strike(doom, Kind.REORDER, 3, UP)
    mischief = Mischief(doom)
    assert payloads(sent(mischief, 1, 2, 3, 4)) == [b"event4", b"event3", b"event2", b"event1"]


def test_what_is_held_back_comes_when_nothing_else_does(doom: Doom) -> None:
    strike(doom, Kind.REORDER, 3, UP)
    mischief = Mischief(doom)
    assert payloads(sent(mischief, 1)) == []
    assert payloads(mischief.due(UP, now=0.1)) == []
    assert payloads(mischief.due(UP, now=1.0)) == [b"event1"]


def test_an_altered_message_is_remembered(doom: Doom) -> None:
    strike(doom, Kind.ALTER, 1, UP)
    (altered,) = payloads(sent(Mischief(doom), 1))
    assert altered != b"event1"
    assert doom.altered == {sha256(altered).hexdigest()}


def test_a_swallowed_message_is_acknowledged_and_goes_nowhere(doom: Doom) -> None:
    strike(doom, Kind.SWALLOW, 1, UP)
    assert sent(Mischief(doom), 9) == [(DOWN, acknowledgement(9))]


def test_what_is_struck_one_way_leaves_the_other_alone(doom: Doom) -> None:
    for kind in (Kind.DOUBLE, Kind.REORDER, Kind.ALTER, Kind.SWALLOW):
        strike(doom, kind, 5, DOWN)
    assert payloads(sent(Mischief(doom), 1, 2)) == [b"event1", b"event2"]
