"""Signatures: one algorithm, one spelling, verified before a byte is read."""

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as jose
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, OKPKey

from device.errors import Refused
from device.record import limits
from device.record.keys import Jwks
from device.record.signature import (
    EVENT_TYP,
    RECEIPT_TYP,
    claimed_typ,
    sign,
    unverified_payload,
    verify,
)
from device.record.signing_key import SigningKey

KEY = SigningKey.create("box-a")
KEYS = Jwks.of([KEY.public])
PAYLOAD = '{"title":"Желсіз түнде жарық ай"}'.encode()


def b64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def forged(header: dict[str, Any] | bytes, payload: bytes = PAYLOAD, key: SigningKey = KEY) -> bytes:
    """Sign truly under whatever header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    message = b64(text) + b"." + b64(payload)
    return message + b"." + b64(key.sign(message))


HEADER = {"alg": "EdDSA", "kid": KEY.public.kid, "typ": EVENT_TYP}


@given(st.binary(max_size=300))
def test_what_was_signed_is_given_back_with_its_signer(payload: bytes) -> None:
    if payload:
        verified = verify(sign(payload, EVENT_TYP, KEY), KEYS, EVENT_TYP)
        assert (verified.payload, verified.key.box) == (payload, "box-a")


def test_another_library_verifies_the_signature_over_the_signing_input() -> None:
    message, _, signature = sign(PAYLOAD, EVENT_TYP, KEY).rpartition(b".")
    raw = Ed25519PublicKey.from_public_bytes(KEY.jose.public_key.public_bytes_raw())
    raw.verify(base64.urlsafe_b64decode(signature + b"=="), message)
    with pytest.raises(InvalidSignature):
        raw.verify(base64.urlsafe_b64decode(signature + b"=="), message + b"A")


@pytest.mark.filterwarnings(f"ignore::{SecurityWarning.__module__}.SecurityWarning")
def test_a_jose_library_reads_ours_and_we_read_its() -> None:
    ours = jose.deserialize_compact(sign(PAYLOAD, EVENT_TYP, KEY), KEY.public.jose, algorithms=["EdDSA"])
    assert ours.payload == PAYLOAD
    assert list(ours.headers().items()) == list(HEADER.items())
    theirs = jose.serialize_compact(dict(reversed(HEADER.items())), PAYLOAD, KEY.jose, algorithms=["EdDSA"])
    assert verify(theirs.encode(), KEYS, EVENT_TYP).payload == PAYLOAD


@pytest.mark.parametrize(
    "header",
    [
        HEADER | {"alg": "none"},
        HEADER | {"alg": "HS256"},
        HEADER | {"alg": "Ed448"},
        HEADER | {"alg": "eddsa"},
        HEADER | {"crit": ["exp"], "exp": 1},
        HEADER | {"crit": []},
        HEADER | {"b64": False, "crit": ["b64"]},
        HEADER | {"jwk": KEY.public.as_jwk()},
        HEADER | {"jku": "https://example.org/keys"},
        HEADER | {"x5u": "https://example.org/cert"},
        HEADER | {"zip": "DEF"},
        HEADER | {"typ": "JWT"},
        HEADER | {"typ": RECEIPT_TYP},
        {"alg": "EdDSA", "typ": EVENT_TYP},
        {"alg": "EdDSA", "kid": KEY.public.kid},
        HEADER | {"kid": None},
        HEADER | {"kid": [KEY.public.kid]},
        {},
        b"[]",
        b"",
        b"not json",
        json.dumps(HEADER).encode()[:-1] + b',"alg":"EdDSA"}',
        json.dumps(HEADER | {"kid": "k" * limits.HEADER_BYTES}).encode(),
    ],
)
def test_a_header_that_says_anything_else_is_refused_though_truly_signed(
    header: dict[str, Any] | bytes,
) -> None:
    with pytest.raises(Refused) as refused:
        verify(forged(header), KEYS, EVENT_TYP)
    assert refused.value.code == "jws-malformed"


def test_a_header_with_the_public_key_as_a_shared_secret_is_refused() -> None:
    secret = OctKey.import_key(KEY.jose.public_key.public_bytes_raw())
    confused = jose.serialize_compact(HEADER | {"alg": "HS256"}, PAYLOAD, secret, algorithms=["HS256"])
    with pytest.raises(Refused):
        verify(confused.encode(), KEYS, EVENT_TYP)


def test_a_key_that_is_not_known_is_refused_even_if_it_names_a_known_one() -> None:
    stranger = SigningKey.create("box-a")
    with pytest.raises(Refused) as unknown:
        verify(sign(PAYLOAD, EVENT_TYP, stranger), KEYS, EVENT_TYP)
    assert unknown.value.code == "key-unknown"
    with pytest.raises(Refused) as wrong:
        verify(forged(HEADER, key=stranger), KEYS, EVENT_TYP)
    assert wrong.value.code == "signature-wrong"


def test_a_known_key_of_another_curve_cannot_be_brought_in() -> None:
    other = SigningKey(OKPKey.generate_key("Ed448"), "box-a")
    with pytest.raises(Refused):
        verify(forged(HEADER, key=other), KEYS, EVENT_TYP)


def test_the_payload_of_one_and_the_signature_of_another_do_not_pass() -> None:
    first, second = sign(PAYLOAD, EVENT_TYP, KEY), sign(PAYLOAD + b" ", EVENT_TYP, KEY)
    mixed = first.rpartition(b".")[0] + b"." + second.rpartition(b".")[2]
    with pytest.raises(Refused) as refused:
        verify(mixed, KEYS, EVENT_TYP)
    assert refused.value.code == "signature-wrong"


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(place: int, bit: int) -> None:
    text = bytearray(sign(PAYLOAD, EVENT_TYP, KEY))
    text[place % len(text)] ^= 1 << bit
    with pytest.raises(Refused):
        verify(bytes(text), KEYS, EVENT_TYP)


def test_the_last_character_of_a_signature_has_one_spelling() -> None:
    """It carries four unused bits, so that 16 characters stand for the same signature (RFC 4648, section 3.5)."""
    jws = sign(PAYLOAD, EVENT_TYP, KEY)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = []
    for character in alphabet:
        try:
            verify(jws[:-1] + bytes([character]), KEYS, EVENT_TYP)
        except Refused:
            continue
        accepted.append(character)
    assert accepted == [jws[-1]]


def test_the_order_of_the_group_added_to_a_signature_makes_no_second_one() -> None:
    """Ed25519 signatures are malleable where a verifier does not check S < L (RFC 8032, section 5.1.7)."""
    message, _, part = sign(PAYLOAD, EVENT_TYP, KEY).rpartition(b".")
    signature = base64.urlsafe_b64decode(part + b"==")
    order = 2**252 + 27742317777372353535851937790883648493
    shifted = int.from_bytes(signature[32:], "little") + order
    second = message + b"." + b64(signature[:32] + shifted.to_bytes(32, "little"))
    with pytest.raises(Refused) as refused:
        verify(second, KEYS, EVENT_TYP)
    assert refused.value.code == "signature-wrong"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"..",
        b"a.b.c",
        b"A." + b64(PAYLOAD) + b"." + b"A" * 86,  # no number of bytes is spelt in one character
        sign(PAYLOAD, EVENT_TYP, KEY) + b"\n",
        b" " + sign(PAYLOAD, EVENT_TYP, KEY),
        sign(PAYLOAD, EVENT_TYP, KEY) + b"=",
        sign(PAYLOAD, EVENT_TYP, KEY) + b".x",
        sign(PAYLOAD, EVENT_TYP, KEY).rpartition(b".")[0],
        sign(PAYLOAD, EVENT_TYP, KEY).rpartition(b".")[0] + b".",
        sign(PAYLOAD, EVENT_TYP, KEY).replace(b".", b"..", 1),
        b'{"payload":"","signatures":[]}',
        "\uff0e".encode() * 3,
    ],
)
def test_what_is_not_the_compact_form_is_refused(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        verify(text, KEYS, EVENT_TYP)
    assert refused.value.code == "jws-malformed"


def test_more_bytes_than_the_limit_are_not_looked_at() -> None:
    jws = sign(b"x" * 1_000, EVENT_TYP, KEY)
    assert verify(jws, KEYS, EVENT_TYP, longest=len(jws))
    with pytest.raises(Refused, match="longer than"):
        verify(jws, KEYS, EVENT_TYP, longest=len(jws) - 1)


@given(st.binary(max_size=300))
def test_no_bytes_from_outside_do_more_than_be_refused(text: bytes) -> None:
    with pytest.raises(Refused):
        verify(text, KEYS, EVENT_TYP)


def test_the_largest_event_fits_the_limit_of_the_compact_form() -> None:
    jws = sign(b"x" * limits.PAYLOAD_BYTES, EVENT_TYP, KEY)
    assert len(jws) <= limits.EVENT_BYTES
    assert len(verify(jws, KEYS, EVENT_TYP).payload) == limits.PAYLOAD_BYTES


def test_what_a_text_claims_to_be_is_told_without_believing_it() -> None:
    assert claimed_typ(sign(PAYLOAD, RECEIPT_TYP, KEY)) == RECEIPT_TYP
    assert claimed_typ(forged({"typ": 5})) is None
    assert claimed_typ(b"nothing") is None


def test_the_owner_of_a_log_reads_its_own_payloads_without_keys() -> None:
    assert unverified_payload(sign(PAYLOAD, EVENT_TYP, KEY)) == PAYLOAD
    with pytest.raises(Refused):
        unverified_payload(b"torn")
