"""Receipts are the platform's word, and nobody else's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import Refused
from device.record import limits
from device.record.event import NO_EVENT
from device.record.json_text import dump
from device.record.keys import Jwks
from device.record.receipt import Receipt, receipt_on_record, seal_receipt, unseal_receipt
from device.record.signature import EVENT_TYP, RECEIPT_TYP, sign, unverified_payload
from device.record.signing_key import SigningKey

RECEIPT = Receipt("abay-theatre-1", 17, "ab" * 32, datetime(2026, 11, 22, 15, 0, 0, 5_000, tzinfo=UTC))


def test_a_receipt_is_read_as_it_was_signed(platform_key: SigningKey, platform: Jwks) -> None:
    jws = seal_receipt(RECEIPT, platform_key)
    assert unseal_receipt(jws, platform) == receipt_on_record(jws) == RECEIPT
    assert unverified_payload(jws) == (
        b'{"box":"abay-theatre-1","through":17,"head":"'
        + b"ab" * 32
        + b'","time":"2026-11-22T15:00:00.005Z"}'
    )


def test_a_platform_that_has_nothing_says_so(platform_key: SigningKey, platform: Jwks) -> None:
    nothing = replace(RECEIPT, through=0, head=NO_EVENT)
    assert unseal_receipt(seal_receipt(nothing, platform_key), platform) == nothing


@pytest.mark.parametrize(
    "wrong",
    [
        replace(RECEIPT, through=0),
        replace(RECEIPT, head=NO_EVENT),
        replace(RECEIPT, head="AB" * 32),
        replace(RECEIPT, through=-1),
        replace(RECEIPT, box="X"),
        replace(RECEIPT, time=datetime(2026, 11, 22)),  # noqa: DTZ001 - without a zone, which is the mistake
    ],
)
def test_a_receipt_off_the_contract_is_not_signed(platform_key: SigningKey, wrong: Receipt) -> None:
    with pytest.raises(Refused):
        seal_receipt(wrong, platform_key)


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b'{"box":"abay-theatre-1","through":17}',
        dump(
            {
                "box": "abay-theatre-1",
                "through": 17,
                "head": "ab" * 32,
                "time": "2026-11-22T15:00:00.005Z",
                "x": 1,
            }
        ),
        dump(
            {"box": "abay-theatre-1", "through": True, "head": "ab" * 32, "time": "2026-11-22T15:00:00.005Z"}
        ),
        dump({"box": "abay-theatre-1", "through": 0, "head": "ab" * 32, "time": "2026-11-22T15:00:00.005Z"}),
    ],
)
def test_what_the_platform_signed_wrongly_is_refused(
    platform_key: SigningKey, platform: Jwks, payload: bytes
) -> None:
    with pytest.raises(Refused):
        unseal_receipt(sign(payload, RECEIPT_TYP, platform_key), platform)


def test_a_box_cannot_receipt_itself(box_key: SigningKey, boxes: Jwks, platform: Jwks) -> None:
    jws = seal_receipt(RECEIPT, box_key)
    with pytest.raises(Refused) as unknown:
        unseal_receipt(jws, platform)
    assert unknown.value.code == "key-unknown"
    with pytest.raises(Refused, match="signed by abay-theatre-1"):
        unseal_receipt(jws, boxes)


def test_an_event_is_no_receipt_even_if_its_payload_says_so(platform_key: SigningKey, platform: Jwks) -> None:
    payload = unverified_payload(seal_receipt(RECEIPT, platform_key))
    with pytest.raises(Refused, match="another header"):
        unseal_receipt(sign(payload, EVENT_TYP, platform_key), platform)


def test_a_receipt_as_long_as_an_event_is_not_looked_at(platform_key: SigningKey, platform: Jwks) -> None:
    with pytest.raises(Refused, match=f"longer than {limits.RECEIPT_BYTES}"):
        unseal_receipt(sign(b" " * limits.RECEIPT_BYTES, RECEIPT_TYP, platform_key), platform)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(
    receipt_for: Callable[..., bytes], platform: Jwks, place: int, bit: int
) -> None:
    jws = bytearray(receipt_for(17, "ab" * 32))
    jws[place % len(jws)] ^= 1 << bit
    with pytest.raises(Refused):
        unseal_receipt(bytes(jws), platform)
