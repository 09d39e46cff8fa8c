"""The broker as it is shipped: who gets in, and what they may read and write."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import Waiting
from device.record import limits
from device.sync import topics
from device.sync.broker_link import BrokerLink
from device.sync.link import Link, from_url
from device.sync.message import NO_RECEIVER, Acknowledged, Message, Will
from tests.simulated.authority import Authority
from tests.simulated.broker import ShippedBroker

BOX, OTHER = "kz-ala-0001", "kz-ala-0002"
EVENTS = topics.shared_events("a1b2c3")
SHUT = {
    "broker-tls",
    "broker-closes",
    "broker-away",
}  # what a refused certificate looks like differs with TLS 1.2, 1.3
PATIENCE = 60.0  # seconds, on a machine that does much else
NOT_AUTHORISED = 0x87  # MQTT 5, section 2.4


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


def link_for(broker: ShippedBroker, authority: Authority, name: str, url: str | None = None) -> Link:
    """Give the way in of somebody to whom an authority has given a certificate."""
    certificate, key = (broker.folder / f"{name}.{number_of(broker)}.{end}" for end in ("crt", "key"))
    authority.issue(name, certificate, key)
    return from_url(url or broker.url, name, broker.server_authority, certificate, key)


def number_of(broker: ShippedBroker) -> int:
    return len(list(broker.folder.iterdir()))


def box_link(broker: ShippedBroker, name: str = BOX) -> Link:
    return link_for(broker, broker.boxes, name)


def receiver_link(broker: ShippedBroker, client: str = "receiver-1") -> Link:
    link = link_for(broker, broker.platform, "platform-receiver", broker.platform_url)
    return replace(link, client=client, session_expiry=0, largest_packet=1_000_000, receive_maximum=256)


def published(link: BrokerLink, topic: str, payload: bytes = b"x", retain: bool = False) -> int:
    """Publish, and give the broker's reason code."""
    number = link.publish(topic, payload, retain)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for one in link.turn(0.1):
            if isinstance(one, Acknowledged) and one.number == number:
                return one.code
    raise AssertionError("no PUBACK came")


def heard(link: BrokerLink, count: int = 1, more: float = 0.1) -> list[Message]:
    """Wait until so many messages have come; give them, and what comes within a moment after."""
    deadline = time.monotonic() + PATIENCE
    messages: list[Message] = []
    while len(messages) < count and time.monotonic() < deadline:
        messages += [one for one in link.turn(0.1) if isinstance(one, Message)]
    deadline = time.monotonic() + more
    while time.monotonic() < deadline:
        messages += [one for one in link.turn(0.05) if isinstance(one, Message)]
    return messages


def test_a_box_writes_its_events_and_the_receiver_reads_them(broker: ShippedBroker) -> None:
    with (
        BrokerLink(receiver_link(broker), [EVENTS]) as receiver,
        BrokerLink(box_link(broker), [f"estu/v1/{BOX}/receipt"]) as box,
    ):
        assert published(box, f"estu/v1/{BOX}/event", b"event") == 0
        (message,) = heard(receiver)
        assert (message.topic, message.payload) == (f"estu/v1/{BOX}/event", b"event")
        assert published(receiver, f"estu/v1/{BOX}/receipt", b"receipt", retain=True) == 0
        (message,) = heard(box)
        assert message.payload == b"receipt"


@pytest.mark.parametrize("kind", ["event", "presence", "receipt", "notice"])
def test_a_box_cannot_write_under_another_name(broker: ShippedBroker, kind: str) -> None:
    with BrokerLink(box_link(broker), []) as box:
        assert published(box, f"estu/v1/{OTHER}/{kind}") == NOT_AUTHORISED


@pytest.mark.parametrize("kind", ["receipt", "notice"])
def test_a_box_cannot_speak_for_the_platform_even_to_itself(broker: ShippedBroker, kind: str) -> None:
    with BrokerLink(box_link(broker), []) as box:
        assert published(box, f"estu/v1/{BOX}/{kind}") == NOT_AUTHORISED


@pytest.mark.parametrize(
    "topic",
    [
        *(f"estu/v1/{OTHER}/receipt", f"estu/v1/{OTHER}/event", "estu/v1/+/receipt", "estu/#", "#", "$SYS/#"),
        *("$share/receivers/estu/v1/+/event", "$share/other/#", f"estu/v1/{BOX}/event"),
    ],
)
def test_a_box_hears_nothing_of_others_whatever_it_subscribes_to(broker: ShippedBroker, topic: str) -> None:
    with (
        BrokerLink(receiver_link(broker), [EVENTS]) as receiver,
        BrokerLink(box_link(broker, OTHER), []) as other,
    ):
        published(receiver, f"estu/v1/{OTHER}/receipt", b"not for you", retain=True)
        listener = BrokerLink(box_link(broker), [topic])
        with suppress(Waiting):  # some are refused when subscribed to, others when they would be delivered
            listener.connect()
            published(other, f"estu/v1/{OTHER}/event", b"not for you")
            published(receiver, f"estu/v1/{OTHER}/receipt", b"not for you")
            assert [one for one in heard(listener, 0, 0.4) if OTHER in one.topic or "SYS" in one.topic] == []
            listener.close()


def test_a_box_that_plays_receiver_swallows_no_events(broker: ShippedBroker) -> None:
    with (
        BrokerLink(receiver_link(broker), [EVENTS]) as receiver,
        BrokerLink(box_link(broker, OTHER), ["$share/receivers/estu/v1/+/event", "estu/v1/+/event"]),
        BrokerLink(box_link(broker), []) as box,
    ):
        for number in range(6):
            published(box, f"estu/v1/{BOX}/event", b"%d" % number)
        assert len(heard(receiver, 6)) == 6


def test_a_box_cannot_take_another_boxs_session(broker: ShippedBroker) -> None:
    with BrokerLink(box_link(broker, OTHER), [f"estu/v1/{OTHER}/receipt"]) as other:
        with BrokerLink(replace(box_link(broker), client=OTHER), []):
            heard(other, 0, 0.2)
        assert published(other, f"estu/v1/{OTHER}/event") in {0, NO_RECEIVER}


def test_a_boxs_last_will_speaks_under_its_own_name_only(broker: ShippedBroker) -> None:
    with BrokerLink(receiver_link(broker), ["estu/v1/+/presence"]) as receiver:
        heard(receiver, 0)
        for name in (OTHER, BOX):
            box = BrokerLink(box_link(broker), [], Will(f"estu/v1/{name}/presence", b"gone"))
            with suppress(Waiting):
                box.connect()
                box._hang_up()  # as a power cut would
        assert [message.topic for message in heard(receiver)] == [f"estu/v1/{BOX}/presence"]


def test_a_receiver_writes_no_events(broker: ShippedBroker) -> None:
    with BrokerLink(receiver_link(broker), []) as receiver:
        assert published(receiver, f"estu/v1/{BOX}/event") == NOT_AUTHORISED


def refusal(link: Link) -> str:
    with pytest.raises(Waiting) as refused, BrokerLink(link, []):
        pass
    return refused.value.code


def test_a_box_does_not_get_in_by_the_platforms_door(broker: ShippedBroker) -> None:
    link = link_for(broker, broker.boxes, "platform-receiver", broker.platform_url)
    assert refusal(link) in SHUT


def door_of(broker: ShippedBroker, door: str) -> str:
    return {"8883": broker.url, "443": broker.https_url, "websockets": broker.web_url}[door]


DOORS = pytest.mark.parametrize("door", ["8883", "443", "websockets"])


@DOORS
def test_without_a_certificate_nobody_gets_in(broker: ShippedBroker, door: str) -> None:
    assert refusal(from_url(door_of(broker, door), BOX, broker.server_authority)) in SHUT


@DOORS
def test_a_certificate_of_an_unknown_authority_does_not_get_in(broker: ShippedBroker, door: str) -> None:
    assert refusal(link_for(broker, Authority("Estu boxes"), BOX, door_of(broker, door))) in SHUT


@pytest.mark.parametrize("door", ["8883", "443"])
def test_a_revoked_certificate_does_not_get_in(tmp_path: Path, door: str) -> None:
    broker = ShippedBroker(tmp_path)
    serial = broker.boxes.issue(BOX, tmp_path / "box.crt", tmp_path / "box.key")
    url = door_of(broker, door)
    link = from_url(url, BOX, broker.server_authority, tmp_path / "box.crt", tmp_path / "box.key")
    with broker, BrokerLink(link, []) as box:
        assert published(box, f"estu/v1/{BOX}/event") == NO_RECEIVER
    broker.boxes.revoked.append(serial)
    with broker:
        assert refusal(link) in SHUT


def test_a_box_that_was_shut_out_can_do_nothing_through_web_sockets(tmp_path: Path) -> None:
    broker = ShippedBroker(tmp_path, shut_out=[BOX])
    with broker, BrokerLink(link_for(broker, broker.boxes, OTHER, broker.web_url), []) as other:
        assert published(other, f"estu/v1/{OTHER}/event") == NO_RECEIVER
        with BrokerLink(link_for(broker, broker.boxes, BOX, broker.web_url), []) as box:
            assert published(box, f"estu/v1/{BOX}/event") == NOT_AUTHORISED


def test_a_broker_of_another_authority_is_not_believed(broker: ShippedBroker, tmp_path: Path) -> None:
    Authority("Estu servers").write_certificate(tmp_path / "other.crt")
    link = box_link(broker)
    assert link.tls is not None
    assert (
        refusal(replace(link, tls=replace(link.tls, authority=tmp_path / "other.crt"))) == "broker-untrusted"
    )


def test_a_broker_of_another_name_is_not_believed(broker: ShippedBroker) -> None:
    assert refusal(replace(box_link(broker), host="127.0.0.1")) == "broker-untrusted"


def test_without_tls_the_broker_does_not_talk(broker: ShippedBroker) -> None:
    assert refusal(replace(box_link(broker), tls=None, connect_timeout=2.0)) in {
        "broker-closes",
        "broker-silent",
    }


def test_the_largest_event_gets_through_and_a_larger_message_does_not(broker: ShippedBroker) -> None:
    with BrokerLink(receiver_link(broker), [EVENTS]) as receiver:
        with BrokerLink(box_link(broker), []) as box:
            assert published(box, f"estu/v1/{BOX}/event", b"e" * limits.EVENT_BYTES) == 0
            assert box.largest_message >= limits.EVENT_BYTES + 128
        (message,) = heard(receiver)
        assert len(message.payload) == limits.EVENT_BYTES
        with pytest.raises(Waiting), BrokerLink(box_link(broker), []) as box:
            published(box, f"estu/v1/{BOX}/event", b"e" * 2 * limits.EVENT_BYTES)


@DOORS
def test_through_each_door_a_box_has_the_same_rights(broker: ShippedBroker, door: str) -> None:
    web = link_for(broker, broker.boxes, BOX, door_of(broker, door))
    with (
        BrokerLink(receiver_link(broker), [EVENTS]) as receiver,
        BrokerLink(web, [f"estu/v1/{BOX}/receipt"]) as box,
    ):
        assert published(box, f"estu/v1/{OTHER}/event") == NOT_AUTHORISED
        assert published(box, f"estu/v1/{BOX}/event", b"e" * limits.EVENT_BYTES) == 0
        (message,) = heard(receiver)
        assert len(message.payload) == limits.EVENT_BYTES
        published(receiver, f"estu/v1/{BOX}/receipt", b"receipt")
        assert heard(box)[-1].payload == b"receipt"


def test_two_receivers_share_the_events(broker: ShippedBroker) -> None:
    with (
        BrokerLink(receiver_link(broker, "receiver-1"), [EVENTS]) as one,
        BrokerLink(receiver_link(broker, "receiver-2"), [EVENTS]) as two,
        BrokerLink(box_link(broker), []) as box,
    ):
        for number in range(10):
            assert published(box, f"estu/v1/{BOX}/event", b"%d" % number) == 0
        by_one, by_two = heard(one), heard(two)
        deadline = time.monotonic() + PATIENCE
        while len(by_one) + len(by_two) < 10 and time.monotonic() < deadline:
            by_one, by_two = by_one + heard(one, 0), by_two + heard(two, 0)
        assert len(by_one) + len(by_two) == 10
        assert by_one
        assert by_two
