"""Whether a receipt counts: verified, ours, and not an old one shown again.

Rules:
- Only the platform's signature makes a receipt, and nothing is read before it is verified.
- It is for this box, names an event that this log has, and names it by the hash that it has here.
- A lower one than the last is believed only if it was written later: a platform restored from a backup says so, while
  somebody who kept an old receipt and shows it again does not get the box to send everything once more.
"""

from device.errors import Refused
from device.record.keys import Jwks
from device.record.receipt import Receipt, unseal_receipt
from device.record.receipt_ledger import ReceiptLedger

CONTRADICTIONS = {"receipt-ahead", "receipt-other-chain"}  # the log has lost events that the platform has


def kept(log: ReceiptLedger, platform: Jwks) -> Receipt | None:
    """Give the receipt that counts, verified once more: a card may have changed it since it came.

    Args:
        log: Keeps the receipts.
        platform: The platform's keys; under other ones than before nothing counts as delivered until it says so anew.
    """
    jws = log.receipt_text()
    try:
        return None if jws is None else unseal_receipt(jws, platform)
    except Refused:
        return None


def accept(jws: bytes, log: ReceiptLedger, platform: Jwks) -> Receipt:
    """Verify a receipt and keep it.

    Args:
        jws: As it came.
        log: Keeps the receipts, and has the events.
        platform: The platform's keys.

    Raises:
        Refused: It does not count; the last good one stays.
        Waiting: The disk is full.
    """
    refuse_older(unseal_receipt(jws, platform), kept(log, platform))
    return log.keep_receipt(jws, platform)


def refuse_older(receipt: Receipt, kept: Receipt | None) -> None:
    """Refuse to go back for a receipt that was written before the one that is kept.

    Raises:
        Refused: It is lower and not younger.
    """
    if kept is not None and receipt.through < kept.through and receipt.time <= kept.time:
        raise Refused(
            "receipt-older",
            f"An old receipt came again: through {receipt.through}, while {kept.through} is receipted.",
            "Nothing is lost; if it comes often, the platform's operator should look at the broker.",
        )
