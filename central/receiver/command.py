"""`estu-central receive`."""

import argparse
import logging
import random
import signal
import socket
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from device.errors import Waiting
from device.sync.backoff import Backoff

if TYPE_CHECKING:
    from central.receiver.ledger import Ledger

_AHEAD = 256  # messages that the broker may send ahead of our acknowledgements: the largest batch
_LARGEST_PACKET = 1_048_576  # bytes; what is too large for an event is quarantined rather than unread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Take what boxes send, verify it, keep it, and answer with signed receipts. Any number of receivers share"
        " the work on one broker and one server database."
    )
    parser.add_argument(
        "--broker", required=True, metavar="URL", help="mqtts://HOST:8884, or mqtt://127.0.0.1:1883"
    )
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="authority that the broker's certificate is checked by"
    )
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="this receiver's own")
    parser.add_argument("--key", type=Path, metavar="FILE", help="private key of the certificate")
    parser.add_argument(
        "--boxes", type=Path, required=True, metavar="JWKS", help="the register's export of the boxes' keys"
    )
    parser.add_argument(
        "--signing-key",
        type=Path,
        required=True,
        metavar="PEM",
        help="signs receipts: `estu-central keys create`",
    )
    parser.add_argument(
        "--database",
        default="sqlite:///ledger.sqlite",
        metavar="URL",
        help="default: %(default)s, in this folder",
    )
    parser.add_argument(
        "--name",
        default=f"receiver-{socket.gethostname()}",
        help="this receiver's MQTT client name, its own among all receivers (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Receive until SIGTERM or Ctrl-C.

    Raises:
        Refused: The keys, the address or the database's URL cannot be used, or it has another release's tables.
        Broken: The signing key cannot be used.
    """
    from central.receiver.boxes import BoxKeys
    from central.receiver.contract import Contract
    from central.receiver.serving import Receiver, serve
    from device.host import service
    from device.record.signing_key import SigningKey
    from device.sync.link import from_url

    service.log_to_journal("estu-receiver")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells at each start that it has looked
    link = from_url(arguments.broker, arguments.name, arguments.ca, arguments.certificate, arguments.key)
    link = replace(link, session_expiry=0, receive_maximum=_AHEAD, largest_packet=_LARGEST_PACKET)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keys = BoxKeys(arguments.boxes)
    signer = SigningKey.load(arguments.signing_key, box=None)
    ledger = open_when_there(arguments.database, stop)
    if ledger is None:
        return 0
    try:
        tally = serve(link, Receiver(keys, Contract.shipped(), signer, ledger), stop)
    finally:
        service.stopping()
        ledger.close()
    logging.getLogger("estu.receiver").info("%s", tally)
    return 0


def open_when_there(database: str, stop: Event, longest_pause: float = 30.0) -> "Ledger | None":
    """Open the ledger, however long its database is away, as the broker is waited for.

    Args:
        database: Its URL.
        stop: Set from outside, by a signal.
        longest_pause: Seconds between two tries.

    Returns:
        The ledger, or None if there was the wish to stop before the database came.

    Raises:
        Refused: The URL cannot be used, or the database has another release's tables.
    """
    from central.receiver.ledger import Ledger

    backoff = Backoff(first=1.0, longest=longest_pause)
    while not stop.is_set():
        try:
            return Ledger.open(database)
        except Waiting as waiting:
            if not backoff.failures:
                logging.getLogger("estu.receiver").warning("%s", waiting)
            stop.wait(backoff.failed(random.random()))  # noqa: S311 - spreads receivers over time, guards nothing
    return None
