"""What the broker alone can do: mosquitto's own programs in C send so many messages through it, and take them."""

import subprocess
import time
from dataclasses import replace
from pathlib import Path

from device.sync.broker_link import BrokerLink
from device.sync.link import from_url
from device.sync.message import NO_RECEIVER, Acknowledged
from tests.simulated.broker import Broker

_TOPIC = "estu/v1/kz-ala-0001/event"


def broker_rate(messages: list[bytes], folder: Path) -> float:
    """Give the messages a second that pass, with QoS 1, from one sender to one taker.

    Args:
        messages: Without line ends.
        folder: For the broker.
    """
    lines = folder / "messages"
    lines.write_bytes(b"\n".join(messages) + b"\n")
    with Broker(folder / "passing") as broker:
        where = ["-h", "127.0.0.1", "-p", str(broker.port), "-V", "5", "-q", "1", "-t", _TOPIC]
        taker = subprocess.Popen(
            ["mosquitto_sub", *where, "-C", str(len(messages) + 1)], stdout=subprocess.DEVNULL
        )
        try:
            _await_subscription(broker)
            begun = time.monotonic()
            with lines.open("rb") as file:
                sender = subprocess.Popen(["mosquitto_pub", *where, "-l"], stdin=file)
            taker.wait(600)
            seconds = time.monotonic() - begun
            sender.wait(60)
        finally:
            taker.kill()
    return len(messages) / seconds


def _await_subscription(broker: Broker) -> None:
    """Send something until it is heard."""
    with BrokerLink(replace(from_url(broker.url, "first"), session_expiry=0), []) as link:
        while True:
            link.publish(_TOPIC, b"first")
            for one in link.turn(1.0):
                if isinstance(one, Acknowledged) and one.code != NO_RECEIVER:
                    return
            time.sleep(0.05)
