"""Notices: what a technician or the venue should know, said by the platform to one box.

A notice is signed like a receipt, since a box shows it to people: nobody but the platform puts words on its page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from device.errors import Refused
from device.record import limits
from device.record.field import Text
from device.record.json_text import dump, load, malformed
from device.record.keys import Jwks
from device.record.reports import BOX_NAME, Sentence
from device.record.shape import read, write
from device.record.signature import NOTICE_TYP, Signer, sign, verify


@dataclass(frozen=True)
class Words:
    """One sentence or a few, in each of the page's languages."""

    kk: Sentence
    ru: Sentence
    en: Sentence


@dataclass(frozen=True)
class Notice:
    """What the platform says to one box."""

    box: Annotated[str, Text(32, BOX_NAME)]
    id: Annotated[str, Text(64, r"[a-z0-9][a-z0-9-]*")]  # the same id once more replaces what was said before
    time: datetime  # UTC, by the platform's clock
    until: datetime | None  # UTC; from then on it need not be shown
    code: Annotated[str, Text(64, r"[a-z][a-z0-9-]*")]  # what it is about, for programs
    text: Words


def seal_notice(notice: Notice, signer: Signer) -> bytes:
    """Encode and sign a notice, as the platform does.

    Raises:
        Refused: It does not fit the contract.
    """
    jws = sign(dump(write(notice)), NOTICE_TYP, signer)
    if len(jws) > limits.NOTICE_BYTES:
        raise malformed("The notice", f"is larger than {limits.NOTICE_BYTES} bytes")
    return jws


def unseal_notice(jws: bytes, platform: Jwks, box: str) -> Notice:
    """Verify a notice, and only then read it.

    Args:
        jws: The signed bytes.
        platform: The platform's own keys.
        box: Whose notices are wanted.

    Raises:
        Refused: It is not the platform's, is for another box, or is no notice of the contract.
    """
    verified = verify(jws, platform, NOTICE_TYP, limits.NOTICE_BYTES)
    if verified.key.box is not None:
        raise Refused(
            "notice-of-a-box", f"A notice is signed by {verified.key.box}.", "Only the platform's are shown."
        )
    notice = read(Notice, load(verified.payload, depth=2))
    if notice.box != box:
        raise Refused(
            "notice-other-box",
            f"A notice for {notice.box} came to {box}.",
            "The platform's operator should look at the broker.",
        )
    return notice
