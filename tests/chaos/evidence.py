"""Gathers what boxes and platform have when all processes have ended."""

from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256

from central.receiver.account import Account
from central.receiver.ledger import Ledger
from device.record.export import stored_events
from device.record.keys import Jwks
from device.record.link import START, Link
from device.record.log_reader import LogReader
from device.record.log_verification import verify_log
from device.record.verification import verify
from tests.chaos.verdict import BoxEvidence, Evidence
from tests.chaos.writer import Box

_AT_ONCE = 5_000  # rows


def gather(
    boxes: Sequence[Box],
    keys: Jwks,
    platform: Jwks,
    database: str,
    altered: frozenset[str],
    failed: Sequence[str],
) -> Evidence:
    """Read both sides.

    Args:
        boxes: All that took part.
        keys: Theirs.
        platform: Whose receipts count.
        database: The ledger's URL.
        altered: Hashes of what was altered on the way.
        failed: What ended by itself, in words.
    """
    with closing(Ledger.open(database)) as ledger:
        account = Account(ledger)
        return Evidence(
            boxes=[_box(box, keys, platform, account) for box in boxes],
            quarantined=[(one.reason, sha256(one.payload).hexdigest()) for one in account.quarantined()],
            altered=altered,
            failed=failed,
        )


def _box(box: Box, keys: Jwks, platform: Jwks, account: Account) -> BoxEvidence:
    with LogReader.read(box.log) as log:
        events = [stored.jws for stored in stored_events(log, 0)]
        verified = verify_log(log, keys, platform)
        receipt = log.receipt()
    counted = _counted(account, box.name)
    standing = account.standing(box.name)
    place = None if standing is None else Link(standing.place.through, standing.place.head)
    return BoxEvidence(
        name=box.name,
        goal=box.goal,
        witnessed=witnessed(box),
        log=events,
        log_verified=verified,
        receipt=None if receipt is None else Link(receipt.through, receipt.head),
        counted=counted,
        ledger_verified=verify((jws for _, jws in counted), keys, after=START, head=place),
        place=place,
    )


def witnessed(box: Box) -> dict[int, str]:
    """Read what a box has told its witness; a last line that was cut short is none."""
    text = box.witness.read_text()
    lines = text[: text.rfind("\n") + 1].splitlines()
    return {int(seq): digest for seq, digest in (line.split() for line in lines)}


def _counted(account: Account, name: str) -> list[tuple[int, bytes]]:
    counted: list[tuple[int, bytes]] = []
    while page := account.counted(name, after=counted[-1][0] if counted else 0, limit=_AT_ONCE):
        counted += [(event.seq, event.jws) for event in page]
    return counted
