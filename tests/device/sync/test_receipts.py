"""Receipts that count, and those that do not: forged, foreign, old."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from device.errors import Refused
from device.record.receipt import Receipt
from device.record.signature import RECEIPT_TYP, sign
from device.record.signing_key import SigningKey
from device.sync.receipts import refuse_older
from tests.simulated.platform import Platform
from tests.simulated.venue import Venue, wait_until

NOON = datetime(2026, 7, 1, 7, 0, tzinfo=UTC)


def signed_by(key: SigningKey, platform: Platform) -> bytes:
    return Platform(platform.url, key=key, kept=platform.kept).receipt(5)


BAD: dict[str, tuple[str, Callable[[Platform], bytes]]] = {
    "forged": ("key-unknown", lambda platform: signed_by(SigningKey.create(None), platform)),
    "signed by a box": ("key-unknown", lambda platform: signed_by(SigningKey.create(platform.box), platform)),
    "altered": ("signature-wrong", lambda platform: platform.receipt(5)[:-6] + b"AAAAAA"),
    "not signed": ("jws-malformed", lambda platform: platform.receipt(5).rpartition(b".")[0]),
    "nonsense, but signed": (
        "receipt-malformed",
        lambda platform: sign(b'{"through":"5"}', RECEIPT_TYP, platform.key),
    ),
    "another box's": ("receipt-other-box", lambda platform: platform.receipt(5, box="kz-ala-0002")),
    "of another chain": ("receipt-other-chain", lambda platform: platform.receipt(5, head="ab" * 32)),
    "of an event to come": ("receipt-ahead", lambda platform: platform.receipt(6, head="ab" * 32)),
    "an old one again": (
        "receipt-older",
        lambda platform: platform.receipt(2, time=datetime.now(UTC) - timedelta(days=1)),
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_receipt_that_does_not_count_changes_nothing(bad: str, venue: Venue, platform: Platform) -> None:
    code, receipt = BAD[bad]
    venue.hear(4)
    venue.wait_for_receipt(4)
    platform.answering = False
    venue.hear(1)
    wait_until(lambda: 5 in platform.kept, "the platform has the event")
    platform.say(receipt(platform))
    wait_until(lambda: venue.trouble == code, f"the box says {code}")
    assert venue.receipted == 4
    assert venue.log.waiting() == 1
    platform.say(platform.receipt(5))
    venue.wait_for_receipt(5)
    wait_until(lambda: venue.trouble is None, "all is well again")


def receipt(through: int, minutes: int) -> Receipt:
    return Receipt("kz-ala-0001", through, f"{through:064x}", NOON + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        (receipt(5, 0), None),
        (receipt(6, 1), receipt(5, 0)),
        (receipt(5, 0), receipt(5, 0)),
        (
            receipt(6, -60),
            receipt(5, 0),
        ),  # the platform's clock was put back; what reaches further is no harm
        (receipt(4, 1), receipt(5, 0)),  # restored from its backup
    ],
)
def test_a_receipt_that_is_higher_or_younger_counts(came: Receipt, kept: Receipt | None) -> None:
    refuse_older(came, kept)


@pytest.mark.parametrize("minutes", [0, -1, -1_000_000])
def test_a_lower_receipt_that_is_not_younger_does_not_count(minutes: int) -> None:
    with pytest.raises(Refused) as refused:
        refuse_older(receipt(4, minutes), receipt(5, 0))
    assert refused.value.code == "receipt-older"
