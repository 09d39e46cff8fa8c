"""MQTT packets, against what paho writes."""

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.packets import Cutter, Publish, acknowledged, acknowledgement

payloads = st.binary(max_size=20_000)
publishes = st.builds(
    Publish,
    flags=st.just(0b0010),
    topic=st.text(max_size=40).map(str.encode),
    number=st.integers(1, 65_535),
    properties=st.sampled_from([b"\x00", b"\x02\x01\x01", b"\x05\x02\x00\x00\x00\x09"]),
    payload=payloads,
)


@given(publishes)
def test_a_message_is_read_as_it_was_written(message: Publish) -> None:
    assert Publish.read(message.packet()) == message


@given(st.lists(publishes, max_size=5), st.data())
def test_packets_are_found_however_the_stream_is_cut(messages: list[Publish], data: st.DataObject) -> None:
    stream = b"".join(message.packet() for message in messages) + acknowledgement(7)
    cutter, found = Cutter(), []
    while stream:
        length = data.draw(st.integers(1, len(stream)))
        found += cutter.take(stream[:length])
        stream = stream[length:]
    assert [Publish.read(packet) for packet in found] == [*messages, None]
    assert acknowledged(found[-1]) == 7


def test_a_message_that_comes_again_says_so_and_is_the_same_otherwise() -> None:
    message = Publish(0b0010, b"estu/v1/kz-ala-0001/event", 5, b"\x00", b"text")
    again = Publish.read(message.packet(again=True))
    assert again is not None
    assert (again.flags, again.payload, again.number) == (0b1010, b"text", 5)


def test_a_message_without_acknowledgement_is_left_alone() -> None:
    assert Publish.read(bytes([0x30, 5, 0, 1]) + b"a\x00x") is None
