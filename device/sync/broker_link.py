"""One connection to an MQTT 5 broker, driven by whoever holds it: no thread, no callback, no hidden reconnect.

The only module that knows paho. Each connection gets a paho client of its own. A resumed session would let paho send
once more what the last connection left unacknowledged (MQTT 5, section 4.4); here nothing is left to it, since what
has no receipt goes out again anyway, and paho's memory would not survive a power cut.
"""

import select
import struct
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

from paho.mqtt.client import Client, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.errors import Waiting
from device.sync import no_broker, tls
from device.sync.link import Link
from device.sync.message import FAILURE, Acknowledged, Message, Will

_LARGEST_PACKET = 268_435_455  # bytes; what a broker takes that names no limit (MQTT 5, section 2.1.4)
_PACKETS_A_TURN = 256  # read before the caller gets its say again


class BrokerLink:
    """A connection to a broker, from greeting to goodbye; used once, in one thread."""

    def __init__(
        self,
        link: Link,
        subscriptions: Sequence[str],
        will: Will | None = None,
        by_hand: bool = False,
        in_flight: int = 64,
        wishes: Sequence[str] = (),
    ) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            link: The broker, and how to reach it.
            subscriptions: Topic filters, all with QoS 1.
            will: What the broker publishes for us when we are gone, with a goodbye or without.
            by_hand: Messages count as taken only when `acknowledge` is called.
            in_flight: The most messages of ours that may be unacknowledged; the broker may ask for fewer.
            wishes: More topic filters; where the broker grants one of them not, it is done without (`denied`).

        Raises:
            Waiting: Our certificate or the authority's cannot be read.
        """
        self.link = link
        self.in_flight = in_flight
        self.largest_message = _LARGEST_PACKET
        self.denied: list[str] = []  # wishes that the broker did not grant
        self._subscriptions, self._wishes = list(subscriptions), list(wishes)
        self._happenings: deque[Message | Acknowledged] = deque()
        self._count = 0  # messages published
        self._outbox: deque[tuple[int, str, bytes, bool]] = (
            deque()
        )  # those that the broker has no room for yet
        self._number_of: dict[int, int] = {}  # packet in flight: number of the message
        self._greeting: ReasonCode | None = None
        self._subscribed: list[ReasonCode] | None = None
        self._goodbye: ReasonCode | None = None
        self._hung_up = False
        self._has_will = will is not None
        self._client = self._prepared(will, by_hand)

    def __enter__(self) -> Self:
        """Connect."""
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self.close()

    def connect(self) -> None:
        """Connect, greet and subscribe; blocks until the broker has confirmed all of it.

        Raises:
            Waiting: The broker cannot be reached, is not the one we trust, or does not want us.
        """
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it bare
        properties.SessionExpiryInterval = self.link.session_expiry
        properties.ReceiveMaximum = self.link.receive_maximum
        properties.MaximumPacketSize = self.link.largest_packet
        try:
            self._client.connect(
                self.link.host,
                self.link.port,
                keepalive=self.link.keepalive,
                clean_start=self.link.session_expiry == 0,
                properties=properties,
            )
        except (OSError, ValueError) as error:
            self._hang_up()
            raise no_broker.unreachable(self.link, error) from error
        self._await_greeting()
        if self._subscriptions or self._wishes:
            self._subscribe()

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> int:
        """Send a message with QoS 1, or keep it until the broker has room for it.

        Returns:
            The number by which its `Acknowledged` will name it.

        Raises:
            Waiting: The connection is gone.
        """
        self._count += 1
        self._outbox.append((self._count, topic, payload, retain))
        self._send_from_outbox()
        return self._count

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that a message is safe with us."""
        self._client.ack(message.number, qos=1)

    def turn(self, seconds: float) -> list[Message | Acknowledged]:
        """Let the connection live: read, write, keep alive.

        Args:
            seconds: How long to wait at most for something to come.

        Returns:
            What has come, in its order; possibly nothing.

        Raises:
            Waiting: The connection is gone; what came before is lost with it, and comes again.
        """
        self._exchange(0.0 if self._happenings else seconds)
        self._send_from_outbox()
        come = list(self._happenings)
        self._happenings.clear()
        return come

    def close(self) -> None:
        """Say goodbye and hang up."""
        if self._client.is_connected() and not self._hung_up:
            words = "Disconnect with will message" if self._has_will else "Normal disconnection"
            self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, words))
            with suppress(Waiting):
                for _ in range(10):
                    if self._client.want_write():
                        self._exchange(0.1)
        self._hang_up()

    def _send_from_outbox(self) -> None:
        while self._outbox and len(self._number_of) < self.in_flight:
            number, topic, payload, retain = self._outbox.popleft()
            sent = self._client.publish(topic, payload, qos=1, retain=retain)
            if sent.rc not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN}:
                raise self._lost()
            self._number_of[sent.mid] = number

    def _prepared(self, will: Will | None, by_hand: bool) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.link.client,
            protocol=MQTTv5,
            transport=self.link.transport,
            manual_ack=by_hand,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages = 0  # the outbox keeps to what the broker says
        client.connect_timeout = self.link.connect_timeout
        if self.link.transport == "websockets":
            client.ws_set_options(path=self.link.path)
        if self.link.tls is not None:
            client.tls_set_context(tls.context(self.link.tls))
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _await_greeting(self) -> None:
        deadline = time.monotonic() + self.link.connect_timeout
        while self._greeting is None:
            self._exchange(0.2)
            if time.monotonic() > deadline:
                self._hang_up()
                raise no_broker.silent(self.link)
        if self._greeting.value >= FAILURE:
            raise self._lost()

    def _subscribe(self) -> None:
        topics = [*self._subscriptions, *self._wishes]
        self._client.subscribe([(topic, 1) for topic in topics])
        deadline = time.monotonic() + self.link.connect_timeout
        while self._subscribed is None and time.monotonic() < deadline:
            self._exchange(0.2)
        codes = zip(topics, self._subscribed or [], strict=False)
        granted = {topic for topic, code in codes if code.value < FAILURE}
        self.denied = [topic for topic in topics if topic not in granted]
        if not granted.issuperset(self._subscriptions):
            self._hang_up()
            raise no_broker.unsubscribed(self.link, self.denied)

    def _exchange(self, seconds: float) -> None:
        """Read and write what the socket has and takes, waiting for it at most so long."""
        try:
            state = self._read_and_write(seconds)
        except (ValueError, IndexError, struct.error, OSError) as error:
            # Paho does not check all that it reads; a broker that sends nonsense is a broker that is away.
            self._hang_up()
            raise no_broker.nonsense(self.link, error) from error
        if state != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost()

    def _read_and_write(self, seconds: float) -> MQTTErrorCode:
        socket = self._client.socket()
        if socket is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        wait = 0.0 if _buffered(socket) else seconds
        for _ in range(_PACKETS_A_TURN):
            readable, writable, _ = select.select(
                [socket], [socket] if self._client.want_write() else [], [], wait
            )
            wait = 0.0
            state = MQTTErrorCode.MQTT_ERR_SUCCESS
            if writable:
                state = self._client.loop_write()
            reading = bool(readable) or _buffered(socket)
            if reading and state == MQTTErrorCode.MQTT_ERR_SUCCESS:
                state = self._client.loop_read()
            if state != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
                return MQTTErrorCode.MQTT_ERR_CONN_LOST
            if not reading:
                break
        return self._client.loop_misc()

    def _lost(self) -> Waiting:
        """Hang up, and say why, as far as the broker has said it."""
        self._hang_up()
        if self._greeting is None:
            return no_broker.closed(self.link)
        if self._greeting.value >= FAILURE:
            return no_broker.refused(self.link, str(self._greeting))
        return no_broker.lost(self.link, None if self._goodbye is None else str(self._goodbye))

    def _hang_up(self) -> None:
        """Close the socket without a word, as a power cut would."""
        self._hung_up = True
        socket = self._client.socket()
        if socket is not None:
            socket.close()

    def _on_connect(
        self, _client: Client, _held: Any, _flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        self._greeting = code
        if properties is not None:
            self.in_flight = min(self.in_flight, getattr(properties, "ReceiveMaximum", self.in_flight))
            self.largest_message = getattr(properties, "MaximumPacketSize", self.largest_message)

    def _on_disconnect(
        self, _client: Client, _held: Any, flags: DisconnectFlags, code: ReasonCode, _properties: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._goodbye = code

    def _on_subscribe(
        self, _client: Client, _held: Any, _packet: int, codes: list[ReasonCode], _properties: Any
    ) -> None:
        self._subscribed = codes

    def _on_publish(
        self, _client: Client, _held: Any, packet: int, code: ReasonCode, _properties: Any
    ) -> None:
        self._happenings.append(Acknowledged(self._number_of.pop(packet), code.value, str(code)))

    def _on_message(self, _client: Client, _held: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # no topic of ours; whoever reads it refuses it
        self._happenings.append(Message(topic, bytes(message.payload), message.retain, message.mid))


def _buffered(socket: Any) -> bool:
    """Whether TLS or the WebSocket holds bytes that `select` cannot see."""
    pending = getattr(socket, "pending", None)
    return pending is not None and pending() > 0
