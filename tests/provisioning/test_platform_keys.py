"""The platform's public keys on their way to a box."""

import json
from pathlib import Path

import pytest

from device.errors import Refused
from device.record.keys import Jwks
from device.record.signing_key import SigningKey
from provisioning.platform_keys import platform_keys


def test_what_the_box_gets_verifies_the_platforms_signatures(tmp_path: Path) -> None:
    key = SigningKey.create(None)
    path = tmp_path / "platform.jwks"
    path.write_bytes(Jwks.of([key.public]).as_json())
    received = Jwks.parse(platform_keys(path))
    assert list(received.by_kid) == [key.public.kid]


def test_members_that_are_not_needed_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "platform.jwks"
    jwk = {**SigningKey.create(None).public.as_jwk(), "x5u": "https://elsewhere.example", "note": "old"}
    path.write_text(json.dumps({"keys": [jwk]}))
    (kept,) = json.loads(platform_keys(path))["keys"]
    assert set(kept) == {"kty", "crv", "x", "kid", "use", "alg"}


def test_a_private_key_never_travels(tmp_path: Path) -> None:
    path = tmp_path / "platform.jwks"
    path.write_text(json.dumps({"keys": [SigningKey.create(None).jose.as_dict(private=True)]}))
    with pytest.raises(Refused) as refusal:
        platform_keys(path)
    assert refusal.value.code == "platform-keys-private"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "RSA"}]}', '{"keys": [5]}', "-----"]
)
def test_a_file_without_fit_keys_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "platform.jwks"
    path.write_text(text)
    with pytest.raises(Refused) as refusal:
        platform_keys(path)
    assert refusal.value.code == "platform-keys-faulty"


def test_a_boxs_key_is_not_taken_for_the_platforms(tmp_path: Path) -> None:
    path = tmp_path / "boxes.jwks"
    path.write_bytes(Jwks.of([SigningKey.create("estu-0001").public]).as_json())
    with pytest.raises(Refused, match="no box signs receipts"):
        platform_keys(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"absent\.jwks are not fit"):
        platform_keys(tmp_path / "absent.jwks")
