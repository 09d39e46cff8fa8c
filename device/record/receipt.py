"""Receipts: the platform's signed "verified, stored and chained up to here".

Only a receipt marks events as delivered. It names the hash of the last one, and so, through the chain, all before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from device.errors import Refused
from device.record import limits
from device.record.event import NO_EVENT
from device.record.field import Text
from device.record.json_text import dump, load, malformed
from device.record.keys import Jwks
from device.record.reports import BOX_NAME, Count, Digest
from device.record.shape import read, write
from device.record.signature import RECEIPT_TYP, Signer, sign, unverified_payload, verify


@dataclass(frozen=True)
class Receipt:
    """What the platform says it has of one box."""

    box: Annotated[str, Text(32, BOX_NAME)]
    through: Count  # it has every event up to this; 0 is none
    head: Digest  # the hash of that event; NO_EVENT for none
    time: datetime  # UTC, by the platform's clock


def seal_receipt(receipt: Receipt, signer: Signer) -> bytes:
    """Encode and sign a receipt, as the platform does.

    Raises:
        Refused: It does not fit the contract.
    """
    payload = dump(write(receipt))
    _decode(payload)
    return sign(payload, RECEIPT_TYP, signer)


def unseal_receipt(jws: bytes, platform: Jwks) -> Receipt:
    """Verify a receipt, and only then read it.

    Args:
        jws: The signed bytes.
        platform: The platform's own keys.

    Raises:
        Refused: It is not the platform's, or is no receipt of the contract.
    """
    verified = verify(jws, platform, RECEIPT_TYP, limits.RECEIPT_BYTES)
    if verified.key.box is not None:
        raise Refused(
            "receipt-of-a-box", f"A receipt is signed by {verified.key.box}.", "Only the platform's count."
        )
    return _decode(verified.payload)


def receipt_on_record(jws: bytes) -> Receipt:
    """Read a receipt that was verified when it was kept in the log."""
    return _decode(unverified_payload(jws))


def _decode(payload: bytes) -> Receipt:
    try:
        receipt = read(Receipt, load(payload, depth=1))
        if (receipt.through == 0) != (receipt.head == NO_EVENT):
            raise malformed("head", "is all zeros where there is no event, and nowhere else")
    except Refused as refused:
        raise Refused("receipt-malformed", refused.message, refused.advice) from refused
    return receipt
