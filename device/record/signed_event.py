"""Signed events: an event and the exact bytes that prove it."""

import hashlib

from device.errors import Refused
from device.record.continuation import CODE, continuation
from device.record.event import Event, decode, encode
from device.record.json_text import malformed
from device.record.keys import Jwks
from device.record.reports import IncidentReport, Report
from device.record.signature import EVENT_TYP, Signer, sign, verify


def seal(event: Event, signer: Signer) -> bytes:
    """Encode and sign an event, and read the result back as the platform will.

    A signature that a failing memory or secure element got wrong would break the chain for ever, and nobody could
    mend it; so it is found here, while nothing is written yet.

    Raises:
        Refused: The event does not fit the contract, or the signer's signature does not verify.
    """
    jws = sign(encode(event), EVENT_TYP, signer)
    unseal(jws, Jwks.of([signer.public]))
    return jws


def unseal(jws: bytes, keys: Jwks) -> Event:
    """Verify a signed event, and only then read it.

    Raises:
        Refused: No key of these has signed it, it is no event of the contract, or it speaks for another box.
    """
    verified = verify(jws, keys, EVENT_TYP)
    event = decode(verified.payload)
    _check_continuation(event.report)
    if verified.key.box != event.box:
        raise Refused(
            "event-other-box",
            f"An event of {event.box} is signed by {verified.key.box or 'the platform'}.",
            "A card was copied, or someone forges; look at the box named second.",
        )
    return event


def _check_continuation(report: Report) -> None:
    """Hold an incident that makes a gap whole to its form; any other incident says in `detail` what it likes."""
    if isinstance(report, IncidentReport) and report.code == CODE and continuation(report) is None:
        raise malformed("detail", f"is not what an incident {CODE} says")


def hash_of(jws: bytes) -> str:
    """Give what the next event's `prev` names this one by: the SHA-256 of its signed bytes, in hex."""
    return hashlib.sha256(jws).hexdigest()
