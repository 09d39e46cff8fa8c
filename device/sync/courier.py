"""The loop of `estu sync`: events to the broker, receipts back into the log, notices to those who show them.

One thread, and nothing in it waits longer than a second but for the network. Whatever fails is waited for, with a
jittered pause that grows; nothing is lost meanwhile, since the log keeps what has no receipt.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import msgspec

from device.errors import Refused, Waiting
from device.record.keys import Jwks
from device.record.receipt_ledger import ReceiptLedger, damage_left_to_the_listener
from device.sync import receipts, topics
from device.sync.backoff import Backoff
from device.sync.broker_link import BrokerLink
from device.sync.forwarder import Forwarder
from device.sync.link import Link
from device.sync.message import NO_RECEIVER, Acknowledged, Message, Will
from device.sync.notices import NoticeBoard
from device.sync.state import StateFile, utc_now
from device.sync.ways import Ways
from device.trouble import Trouble

log_of_service = logging.getLogger("estu.sync")

_STEP = 5.0  # seconds between two signs of life while a pause lasts
_ROOM = 0.25  # of the window, that is waited for
_OVERHEAD = 128  # bytes that a PUBLISH packet has besides its payload, at most


@dataclass(frozen=True)
class Pace:
    """How fast and how patient."""

    window: int = 64  # events in flight to the broker
    ahead: int = 512  # events beyond the receipt
    patience: float = 10.0  # seconds until events without a receipt are sent again
    look: float = 0.5  # seconds between looks for new events in the log
    stuck: float = 60.0  # seconds without a PUBACK after which the connection is given up
    stable: float = 10.0  # seconds after which a connection counts as a success
    first_pause: float = 1.0  # seconds, the longest first pause after a failure
    longest_pause: float = 120.0  # seconds
    home: float = 3_600.0  # seconds on another way before the preferred one is tried again


def run(
    links: Sequence[Link],
    log_path: Path,
    platform: Jwks,
    stop: Event,
    state_path: Path,
    software: str,
    pace: Pace = Pace(),
    alive: Callable[[], None] = lambda: None,
    notices: NoticeBoard | None = None,
) -> None:
    """Carry events to the platform until told to stop.

    Args:
        links: The ways to the broker, the preferred first; `ways.py` says which is tried when.
        log_path: The box's log; waited for if it is not there yet.
        platform: Whose receipts count.
        stop: Set from outside, by a signal.
        state_path: Where to write how it goes.
        software: Version, for the presence.
        pace: How fast and how patient.
        alive: Called at each turn, connected or waiting: what proves to the watchdog that nothing hangs.
        notices: Where the platform's words to people are kept; without it they are not asked for.

    Raises:
        Broken: The log cannot be used.
    """
    state = StateFile(state_path)
    backoff = Backoff(pace.first_pause, pace.longest_pause)
    ways = Ways(links, pace.home)
    said = ""
    while not stop.is_set():
        try:
            with damage_left_to_the_listener(log_path), ReceiptLedger.open(log_path) as log:
                _Courier(ways, log, platform, state, software, pace, backoff, alive, notices).carry(stop)
        except Waiting as waiting:
            state.report(False, str(ways.link), Trouble.of(waiting), utc_now(), time.monotonic())
            if waiting.code != said or not backoff.failures:
                log_of_service.warning("%s", waiting)
            said = waiting.code
            if not waiting.code.startswith("log-"):  # else it is not the way's fault
                ways.failed()
            pause = backoff.failed(random.random())  # noqa: S311 - spreads boxes over time, guards nothing
            _wait(pause, stop, alive)


def _wait(seconds: float, stop: Event, alive: Callable[[], None]) -> None:
    """Wait in steps that are shorter than a watchdog's patience."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not stop.is_set():
        alive()
        stop.wait(min(left, _STEP))


@dataclass
class _Courier:
    """One connection's worth of carrying."""

    ways: Ways
    log: ReceiptLedger
    platform: Jwks
    state: StateFile
    software: str
    pace: Pace
    backoff: Backoff
    alive: Callable[[], None]
    notices: NoticeBoard | None

    link: Link = field(init=False)
    forwarder: Forwarder = field(init=False)
    _seq_of: dict[int, int] = field(init=False, default_factory=dict)  # packet number: event number
    _trouble: Trouble | None = field(init=False, default=None)
    _claim: bytes | None = field(init=False, default=None)  # a receipt that contradicts the log
    _heard: float = field(
        init=False, default=0.0
    )  # monotonic seconds when something last came, or nothing was in flight

    def carry(self, stop: Event) -> None:
        """Connect, and carry until told to stop, or until it is time to try a better way.

        Raises:
            Waiting: The connection failed or broke, or the log has to be looked at by who writes it.
        """
        self.link = self.ways.link
        box = self.log.box
        will = Will(topics.presence(box), self._presence("offline"))
        wishes = [topics.notice(box)] if self.notices else []
        broker = BrokerLink(self.link, [topics.receipt(box)], will, in_flight=self.pace.window, wishes=wishes)
        with broker:
            begun = self._heard = time.monotonic()
            receipted = receipts.kept(self.log, self.platform)
            self.forwarder = Forwarder(
                receipted=0 if receipted is None else receipted.through,
                window=broker.in_flight,
                ahead=self.pace.ahead,
                patience=self.pace.patience,
            )
            broker.publish(topics.presence(box), self._presence("online"), retain=True)
            log_of_service.info("Connected to %s.", self.link)
            if broker.denied:
                log_of_service.warning("%s does not let us read notices; the rest goes on.", self.link)
            while not stop.is_set():
                self.alive()
                self._send(broker, box)
                come = broker.turn(self.pace.look)
                self._give_up_if_stuck(len(come), time.monotonic())
                for happening in come:
                    self._take(happening)
                self._look_after(time.monotonic(), begun)
                if not self._seq_of and self.ways.should_go_home(time.monotonic()):
                    log_of_service.info("Trying %s again.", self.ways.links[0])
                    self.ways.go_home()
                    return

    def _send(self, broker: BrokerLink, box: str) -> None:
        """Send what the forwarder wants sent, once there is room for a good few."""
        if self.forwarder.in_flight > (1 - _ROOM) * self.forwarder.window:
            return  # the log is asked four times a window, and not for each event
        if self._claim is not None:
            if self.log.contradicted():
                return  # the numbers to send are taken; the log gets others
            claim, self._claim = self._claim, None
            self._receipt(claim)
        head = self.log.head()
        wanted = self.forwarder.take(0 if head is None else head.seq, time.monotonic())
        if not wanted:
            return
        topic = topics.event(box)
        sent = set()
        for event in self.log.to_send(wanted):
            if len(event.jws) + _OVERHEAD > broker.largest_message:
                self._trouble = Trouble(
                    "event-too-large",
                    f"Event {event.seq} is larger than {self.link} takes.",
                    "The platform's operator must let the broker take larger messages.",
                )
                continue
            self._seq_of[broker.publish(topic, event.jws)] = event.seq
            sent.add(event.seq)
        for seq in wanted:
            if seq not in sent:  # too large, or forgotten while the platform still asks for it
                self.forwarder.acknowledged(seq, time.monotonic())

    def _take(self, happening: Message | Acknowledged) -> None:
        match happening:
            case Acknowledged():
                self._acknowledged(happening)
            case Message() if happening.topic == topics.receipt(self.log.box):
                self._receipt(happening.payload)
            case Message() if happening.topic == topics.notice(self.log.box):
                self._notice(happening.payload)
            case Message():
                log_of_service.warning("What came on %r is passed over.", happening.topic[:64])

    def _acknowledged(self, puback: Acknowledged) -> None:
        seq = self._seq_of.pop(puback.number, None)
        if not puback.accepted:
            self._trouble = Trouble(
                "broker-denies",
                f"{self.link} does not take what we send: {puback.words}.",
                "The platform's operator must check the broker's access list.",
            )
        if seq is not None:
            heard = puback.accepted and puback.code != NO_RECEIVER
            self.forwarder.acknowledged(seq, time.monotonic(), heard)

    def _receipt(self, jws: bytes) -> None:
        try:
            receipt = receipts.accept(jws, self.log, self.platform)
        except Refused as refused:
            if refused.code in receipts.CONTRADICTIONS:
                self._claim = jws
            self._trouble = Trouble.of(refused)
            log_of_service.warning("%s", refused)
            return
        self._trouble = None
        self.forwarder.receipt(receipt.through, time.monotonic())

    def _notice(self, jws: bytes) -> None:
        if self.notices is None:
            return
        try:
            notice = self.notices.post(jws)
        except Refused as refused:
            log_of_service.warning("%s", refused)
        except OSError as error:
            log_of_service.warning("A notice cannot be kept: %s.", error.strerror)
        else:
            log_of_service.info("The platform says [%s]: %s", notice.code, notice.text.en)

    def _give_up_if_stuck(self, come: int, now: float) -> None:
        """Notice a connection that stands and carries nothing.

        Only a turn that found nothing to read counts: where this process itself was held up, the broker's words are
        waiting in the socket.
        """
        if come or not self._seq_of:
            self._heard = now
        elif now - self._heard > self.pace.stuck:
            raise Waiting(
                "broker-stuck",
                f"{self.link} is connected and acknowledges nothing.",
                "Wait; the connection is made anew.",
            )

    def _look_after(self, now: float, begun: float) -> None:
        """Notice a connection that does well; say how it goes."""
        if now - begun > self.pace.stable:
            self.backoff.succeeded()
            self.ways.stands(now)
        self.state.report(True, str(self.link), self._trouble or self._silence(), utc_now(), now)

    def _silence(self) -> Trouble | None:
        """Say that the broker takes the events and the platform does not answer."""
        if self.forwarder.nobody_listens:
            return Trouble(
                "platform-away",
                "The broker is there, and no receiver of the platform listens.",
                "Wait; the events are kept and sent again.",
            )
        if self.forwarder.silent:
            return Trouble(
                "platform-silent",
                f"{self.forwarder.unreceipted} events were sent, and no receipt comes.",
                "Wait; the events are kept and sent again.",
            )
        return None

    def _presence(self, state: str) -> bytes:
        since = utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return msgspec.json.encode({"state": state, "software": self.software, "since": since})
