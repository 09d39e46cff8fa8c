"""`estu-central notice`: words of the platform for the pages of boxes, signed and handed to the broker."""

import argparse
import os
import socket
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import Refused, Waiting

if TYPE_CHECKING:
    from device.record.notice import Notice
    from device.record.signing_key import SigningKey
    from device.sync.link import Link

_PATIENCE = 30.0  # seconds for the broker to take all of them
_EPILOG = """\
The broker keeps a notice for a box that is away as long as the box's session lasts. The same id once more replaces what was
said before; with an --until that has passed it takes it back.

exit status: 0 the broker has all of them; 1 not for every box (they are named); 2 nothing was said
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = "Say something on the pages of boxes, in each of the page's languages."
    parser.epilog, parser.formatter_class = _EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("boxes", nargs="+", metavar="BOX", help="whose page it is for, such as kz-ala-0001")
    parser.add_argument(
        "--broker", required=True, metavar="URL", help="mqtts://HOST:8884, the platform's door"
    )
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="authority that the broker's certificate is checked by"
    )
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="a receiver's certificate")
    parser.add_argument("--key", type=Path, metavar="FILE", help="private key of the certificate")
    parser.add_argument(
        "--signing-key", type=Path, required=True, metavar="PEM", help="the key that signs receipts"
    )
    parser.add_argument("--id", required=True, help="names it: small letters, digits, hyphens")
    parser.add_argument(
        "--code", default="message", help="what it is about, for programs (default: %(default)s)"
    )
    parser.add_argument(
        "--until", metavar="TIME", help="when it need not be shown any more, as 2026-07-08T18:00+05:00"
    )
    for code, language in (("kk", "Kazakh"), ("ru", "Russian"), ("en", "English")):
        parser.add_argument(f"--{code}", required=True, metavar="TEXT", help=f"what it says, in {language}")


def run(arguments: argparse.Namespace) -> int:
    """Say it.

    Raises:
        Refused: A text, a name, the time or the address is not as the contract has it; nothing was said then.
        Broken: The signing key cannot be used.
        Waiting: The broker is away, or refuses.
    """
    from device.record.notice import Notice, Words
    from device.record.signing_key import SigningKey
    from device.sync.link import from_url

    client = f"notices-{socket.gethostname()}-{os.getpid()}"
    link = from_url(arguments.broker, client, arguments.ca, arguments.certificate, arguments.key)
    signer = SigningKey.load(arguments.signing_key, box=None)
    words, until = Words(arguments.kk, arguments.ru, arguments.en), _until(arguments.until)
    now = datetime.now(UTC)
    notices = [
        Notice(box, arguments.id, now, until, arguments.code, words) for box in dict.fromkeys(arguments.boxes)
    ]
    unheard = say(replace(link, session_expiry=0), notices, signer)
    for box, why in unheard.items():
        print(f"estu-central notice: {box}: {why}", file=sys.stderr)
    return 1 if unheard else 0


def say(link: "Link", notices: "list[Notice]", signer: "SigningKey") -> dict[str, str]:
    """Sign notices, and hand them to the broker.

    Args:
        link: The platform's door.
        notices: At most one a box.
        signer: The platform's key.

    Returns:
        The boxes that will not hear of it, each with the reason.

    Raises:
        Refused: One does not fit the contract; then none was sent.
        Waiting: The broker is away, or the connection broke before it had them all.
    """
    from device.record.notice import seal_notice
    from device.sync import topics
    from device.sync.broker_link import BrokerLink
    from device.sync.message import NO_RECEIVER, Acknowledged

    sealed = [(notice.box, topics.notice(notice.box), seal_notice(notice, signer)) for notice in notices]
    unheard: dict[str, str] = {}
    with BrokerLink(link, []) as broker:
        awaited = {broker.publish(topic, jws): box for box, topic, jws in sealed}
        deadline = time.monotonic() + _PATIENCE
        while awaited:
            if time.monotonic() > deadline:
                raise Waiting("broker-slow", f"{link} does not take what is said.", "Say it again later.")
            for one in broker.turn(1.0):
                if not isinstance(one, Acknowledged):
                    continue
                box = awaited.pop(one.number)
                if not one.accepted:
                    unheard[box] = f"the broker does not take it ({one.words})"
                elif one.code == NO_RECEIVER:
                    unheard[box] = (
                        "the broker knows no session of it; say it again when the box was connected"
                    )
    return unheard


def _until(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        until = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(
            "until-invalid", f"--until {text!r} is not a time.", "Write 2026-07-08T18:00+05:00."
        ) from error
    if until.tzinfo is None:
        raise Refused(
            "until-without-zone", f"--until {text!r} has no time zone.", "Add +05:00, or Z for UTC."
        )
    return until.astimezone(UTC)
