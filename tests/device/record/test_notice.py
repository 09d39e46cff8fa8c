"""Notices: what the platform says to a box, and what nobody else can."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from device.errors import Refused
from device.record.keys import Jwks
from device.record.notice import Notice, Words, seal_notice, unseal_notice
from device.record.signature import RECEIPT_TYP, sign
from device.record.signing_key import SigningKey

NOTICE = Notice(
    "abay-theatre-1",
    "visit-7",
    datetime(2026, 7, 1, 16, 0, tzinfo=UTC),
    None,
    "visit",
    Words("Техник сейсенбіде келеді.", "Техник придёт во вторник.", "A technician comes on Tuesday."),
)


def test_a_notice_comes_back_as_it_was_said(platform_key: SigningKey, platform: Jwks) -> None:
    assert unseal_notice(seal_notice(NOTICE, platform_key), platform, NOTICE.box) == NOTICE


def test_a_notice_may_fill_all_its_texts(platform_key: SigningKey, platform: Jwks) -> None:
    full = replace(NOTICE, text=Words("қ" * 1_000, "ж" * 1_000, "\U0001f3bb" * 1_000))
    assert unseal_notice(seal_notice(full, platform_key), platform, NOTICE.box) == full


def test_a_notice_that_no_box_would_take_is_not_signed(platform_key: SigningKey) -> None:
    with pytest.raises(Refused):
        seal_notice(replace(NOTICE, text=Words("x" * 1_001, "", "")), platform_key)


def test_a_notice_for_another_box_is_not_shown(platform_key: SigningKey, platform: Jwks) -> None:
    with pytest.raises(Refused) as refused:
        unseal_notice(seal_notice(NOTICE, platform_key), platform, "kz-ala-0001")
    assert refused.value.code == "notice-other-box"


def test_no_box_can_put_words_on_a_page(box_key: SigningKey, boxes: Jwks, platform: Jwks) -> None:
    signed = seal_notice(NOTICE, box_key)
    for keys, code in ((platform, "key-unknown"), (boxes, "notice-of-a-box")):
        with pytest.raises(Refused) as refused:
            unseal_notice(signed, keys, NOTICE.box)
        assert refused.value.code == code


def test_a_receipt_is_no_notice(platform_key: SigningKey, platform: Jwks) -> None:
    with pytest.raises(Refused) as refused:
        unseal_notice(sign(b"{}", RECEIPT_TYP, platform_key), platform, NOTICE.box)
    assert refused.value.code == "jws-malformed"
