"""Public keys are believed as the register exports them, and in no other form."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey

from device.errors import Refused
from device.record import limits
from device.record.keys import Jwks, PublicKey
from device.record.signing_key import SigningKey

# RFC 8037, appendix A.2 and A.3
RFC_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def text(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_a_key_is_named_by_its_thumbprint() -> None:
    assert PublicKey.of_jwk(RFC_KEY).kid == RFC_THUMBPRINT


def test_an_exported_set_is_read_back() -> None:
    keys = Jwks.of(
        [SigningKey.create("box-a").public, SigningKey.create("box-b").public, SigningKey.create(None).public]
    )
    again = Jwks.parse(keys.as_json())
    assert {kid: key.box for kid, key in again.by_kid.items()} == {
        kid: key.box for kid, key in keys.by_kid.items()
    }
    assert json.loads(again.as_json()) == json.loads(keys.as_json())
    assert b'"d"' not in keys.as_json()


def test_a_box_that_was_flashed_again_has_two_keys() -> None:
    old, new = SigningKey.create("box-a").public, SigningKey.create("box-a").public
    keys = Jwks.of([old, new])
    assert keys.find(old.kid) is old
    assert keys.find(new.kid) is new
    assert keys.find("unknown") is None


def test_members_that_the_register_adds_for_people_are_passed_over() -> None:
    keys = Jwks.parse(text(RFC_KEY | {"box": "box-a", "venue": "Опера", "status": "active", "use": "sig"}))
    assert keys.by_kid[RFC_THUMBPRINT].box == "box-a"


def test_one_key_under_two_boxes_is_a_copied_card() -> None:
    with pytest.raises(Refused, match="two owners") as refused:
        Jwks.parse(text(RFC_KEY | {"box": "box-a"}, RFC_KEY | {"box": "box-b"}))
    assert refused.value.code == "key-shared"
    with pytest.raises(Refused, match="two owners"):
        Jwks.parse(text(RFC_KEY, RFC_KEY | {"box": "box-b"}))


@pytest.mark.parametrize(
    "key",
    [
        {},
        RFC_KEY | {"kty": "EC"},
        RFC_KEY | {"crv": "Ed448"},
        RFC_KEY | {"crv": "X25519"},
        RFC_KEY | {"x": None},
        RFC_KEY | {"x": ""},
        RFC_KEY | {"x": RFC_KEY["x"][:-1]},
        RFC_KEY | {"x": RFC_KEY["x"] + "AA"},
        RFC_KEY | {"x": RFC_KEY["x"] + "="},
        RFC_KEY | {"x": RFC_KEY["x"][:-1] + "p"},  # the same 32 bytes, with an unused bit set
        RFC_KEY | {"x": "!" * 43},
        RFC_KEY | {"kid": "another"},
        RFC_KEY | {"box": "Abay"},
        RFC_KEY | {"box": None},
        RFC_KEY | {"box": ["box-a"]},
        OKPKey.generate_key("Ed448").as_dict(private=False),
        ECKey.generate_key("P-256").as_dict(private=False),
        {"kty": "oct", "k": "AAAA"},
    ],
)
def test_what_is_no_ed25519_key_of_the_register_spoils_the_whole_set(key: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        Jwks.parse(text(OKPKey.generate_key("Ed25519").as_dict(private=False), key))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"keys":{}}',
        b'{"keys":[1]}',
        b'{"keys":[],"keys":[]}',
        b" " * (limits.KEYSET_BYTES + 1),
    ],
)
def test_what_is_no_set_of_keys_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        Jwks.parse(content)


def test_more_keys_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEYSET_KEYS", 1)
    with pytest.raises(Refused, match="too long"):
        Jwks.parse(text(RFC_KEY, RFC_KEY))


def test_a_set_is_loaded_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "boxes.jwks").write_bytes(text(RFC_KEY))
    assert list(Jwks.load(tmp_path / "boxes.jwks").by_kid) == [RFC_THUMBPRINT]
    with pytest.raises(Refused, match=r"absent\.jwks cannot be read"):
        Jwks.load(tmp_path / "absent.jwks")
