"""Connections to brokers that are not there, are none, or say no; each gives its own words."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import Waiting
from device.sync.broker_link import BrokerLink
from device.sync.link import Link, Tls, from_url
from device.sync.message import Acknowledged, Message
from tests.simulated.authority import Authority
from tests.simulated.broker import Broker, free_port
from tests.simulated.venue import wait_until

PATIENCE = 60.0  # seconds, on a machine that does much else
CONNACK = b"\x20\x03\x00\x00\x00"  # MQTT 5, section 3.2: success, no properties


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[Link]:
    """Listen on a port, and answer each connection so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    answer(connection)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield replace(
            from_url(f"mqtt://127.0.0.1:{listener.getsockname()[1]}", "box-1"), connect_timeout=PATIENCE
        )


def failure(link: Link, subscriptions: tuple[str, ...] = ()) -> Waiting:
    """Give the reason why the connection does not come about, or does not last."""

    def hold() -> None:
        with BrokerLink(link, list(subscriptions)) as broker:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                broker.turn(0.1)

    with pytest.raises(Waiting) as failed:
        hold()
    return failed.value


def test_where_nobody_listens_the_broker_is_away() -> None:
    error = failure(from_url(f"mqtt://127.0.0.1:{free_port()}", "box-1"))
    assert error.code == "broker-away"
    assert "refused" in error.message


def test_a_name_that_nobody_knows_is_away_too() -> None:
    link = Link("broker.invalid", 8883, "box-1", None)
    assert failure(link).code == "broker-away"


def test_what_takes_the_connection_and_says_nothing_is_named() -> None:
    over = threading.Event()
    with server(lambda _: over.wait(PATIENCE)) as link:  # type: ignore[arg-type,return-value]
        assert failure(replace(link, connect_timeout=0.5)).code == "broker-silent"
        over.set()


def test_what_hangs_up_without_a_greeting_is_named() -> None:
    with server(lambda connection: connection.close()) as link:
        assert failure(link).code == "broker-closes"


def test_a_refusal_is_told_in_the_standards_words() -> None:
    with server(lambda connection: connection.sendall(b"\x20\x03\x00\x87\x00")) as link:
        error = failure(link)
    assert error.code == "broker-refuses"
    assert "Not authorized" in error.message


def test_a_subscription_that_is_not_granted_is_no_connection() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(CONNACK)
        packet = connection.recv(1000)
        connection.sendall(b"\x90\x04" + packet[2:4] + b"\x00\x87")
        connection.recv(1000)  # until the box hangs up

    with server(answer) as link:
        assert failure(link, ("estu/v1/box-1/receipt",)).code == "broker-subscription"


def test_what_is_only_wished_for_is_done_without_where_it_is_not_granted() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(CONNACK)
        packet = connection.recv(1000)
        connection.sendall(b"\x90\x05" + packet[2:4] + b"\x00\x01\x87")
        connection.recv(1000)

    topics = ["estu/v1/box-1/receipt"], ["estu/v1/box-1/notice"]
    with server(answer) as link, BrokerLink(link, topics[0], wishes=topics[1]) as broker:
        assert broker.denied == topics[1]


def test_a_goodbye_of_the_broker_is_passed_on() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(CONNACK + b"\xe0\x02\x8e\x00")
        while connection.recv(1000):
            pass

    with server(answer) as link:
        error = failure(link)
    assert error.code == "broker-lost"
    assert "Session taken over" in error.message


def test_no_more_is_in_flight_than_the_broker_takes() -> None:
    came: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"\x20\x06\x00\x00\x03\x21\x00\x02")  # Receive Maximum 2 (section 3.2.2.3.3)
        while packets := connection.recv(1000):  # the greeting may come with what follows it
            came.append(packets)

    with server(answer) as link, BrokerLink(link, []) as broker:
        assert broker.in_flight == 2
        for number in range(10):
            broker.publish("x", b"payload-%d" % number)

        def two_have_come() -> bool:
            list(broker.turn(0.1))
            return b"".join(came).count(b"payload-") >= 2

        wait_until(two_have_come, "two have come")
        list(broker.turn(0.3))
        assert b"".join(came).count(b"payload-") == 2


def test_the_box_says_what_it_takes_and_how_long_its_session_is_kept() -> None:
    greetings: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        greetings.append(connection.recv(1000))
        connection.sendall(CONNACK)
        connection.recv(1000)

    with server(answer) as link, BrokerLink(link, []):
        wait_until(lambda: greetings, "the box has greeted")
    (greeting,) = greetings
    # MQTT 5, section 3.1.2.11: session expiry interval, receive maximum, maximum packet size.
    assert b"\x11" + (7 * 24 * 3600).to_bytes(4, "big") in greeting
    assert b"\x21" + (64).to_bytes(2, "big") in greeting
    assert b"\x27" + (16_384).to_bytes(4, "big") in greeting
    flags = greeting[greeting.index(b"MQTT") + 5]
    assert not flags & 0x02  # clean start: no, the session is taken up again


@pytest.mark.timeout(120)
@settings(max_examples=40)
@given(noise=st.binary(min_size=1, max_size=80), greeted=st.booleans())
def test_noise_from_the_broker_ends_the_connection_and_nothing_else(noise: bytes, greeted: bool) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall((CONNACK if greeted else b"") + noise)

    with server(answer) as link:
        assert failure(link).code.startswith("broker-")


def test_without_readable_certificates_the_box_waits_and_says_which(tmp_path: Path) -> None:
    link = Link("localhost", 8883, "box-1", Tls(tmp_path / "no.crt", None, None))
    with pytest.raises(Waiting) as failed:
        BrokerLink(link, [])
    assert failed.value.code == "tls-files"


def test_an_expired_certificate_makes_the_box_look_at_its_clock_first(tmp_path: Path) -> None:
    authority = Authority("Estu servers")
    authority.write_certificate(tmp_path / "ca.crt")
    authority.issue("localhost", tmp_path / "broker.crt", tmp_path / "broker.key", days=-1)
    broker = Broker(tmp_path / "broker")
    plain = broker.configuration()
    keys = f"certfile {tmp_path}/broker.crt\nkeyfile {tmp_path}/broker.key\n"
    broker.configuration = lambda: plain.replace("protocol mqtt\n", f"protocol mqtt\n{keys}")  # type: ignore[method-assign]
    with broker:
        error = failure(from_url(f"mqtts://localhost:{broker.port}", "box-1", tmp_path / "ca.crt"))
    assert error.code == "broker-untrusted"
    assert "clock" in error.advice


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


def collect(broker: BrokerLink, count: int) -> list[Message | Acknowledged]:
    come: list[Message | Acknowledged] = []
    deadline = time.monotonic() + PATIENCE
    while len(come) < count and time.monotonic() < deadline:
        come += broker.turn(0.1)
    return come


def test_messages_come_in_order_and_whole(broker: Broker) -> None:
    link = from_url(broker.url, "box-1")
    payloads = [os.urandom(size) for size in (0, 1, 127, 128, 16_383, 16_384, 100_000)]
    taking = replace(link, client="other", largest_packet=200_000)
    with BrokerLink(taking, ["x"]) as receiver, BrokerLink(link, []) as sender:
        numbers = [sender.publish("x", payload) for payload in payloads]
        acknowledged = collect(sender, len(payloads))
        assert [one.number for one in acknowledged if isinstance(one, Acknowledged)] == numbers
        come = collect(receiver, len(payloads))
        assert [message.payload for message in come if isinstance(message, Message)] == payloads


def test_what_is_not_acknowledged_by_hand_comes_again_after_a_reconnection(broker: Broker) -> None:
    keeping = replace(from_url(broker.url, "keeper"), session_expiry=60)
    sender = BrokerLink(from_url(broker.url, "box-1"), [])
    with sender:
        with BrokerLink(keeping, ["x"], by_hand=True) as receiver:
            for payload in (b"1", b"2", b"3"):
                sender.publish("x", payload)
            collect(sender, 3)
            first, *_ = collect(receiver, 3)
            assert isinstance(first, Message)
            receiver.acknowledge(first)
            receiver.turn(0.1)
        with BrokerLink(keeping, ["x"], by_hand=True) as receiver:
            again = collect(receiver, 2)
            assert [message.payload for message in again if isinstance(message, Message)] == [b"2", b"3"]


def test_a_session_keeps_what_came_while_the_box_was_away(broker: Broker) -> None:
    box = from_url(broker.url, "box-1")
    with BrokerLink(box, ["x"]):
        pass
    with BrokerLink(from_url(broker.url, "platform"), []) as platform:
        platform.publish("x", b"while you were out")
        collect(platform, 1)
    with BrokerLink(box, ["x"]) as returned:
        (message,) = collect(returned, 1)
        assert isinstance(message, Message)
        assert message.payload == b"while you were out"


def test_a_quiet_connection_is_kept_alive(broker: Broker) -> None:
    link = replace(from_url(broker.url, "box-1"), keepalive=3)  # the broker cuts after half as much again
    with BrokerLink(link, []) as box:
        begun = time.monotonic()
        while time.monotonic() - begun < 6.0:
            box.turn(0.2)
        box.publish("x", b"still here")
        (acknowledged,) = collect(box, 1)
        assert isinstance(acknowledged, Acknowledged)


def test_the_broker_says_how_much_may_be_in_flight(broker: Broker) -> None:
    with BrokerLink(from_url(broker.url, "box-1"), [], in_flight=10_000) as box:
        assert box.in_flight == 256
        numbers = {box.publish("x", b"%d" % number) for number in range(2_000)}
        come = collect(box, 2_000)
        assert {one.number for one in come if isinstance(one, Acknowledged)} == numbers
