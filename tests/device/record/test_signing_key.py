"""The signing key signs as RFC 8037 has it, and its file is its owner's alone."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, OKPKey

from device.errors import Broken
from device.record.signing_key import SigningKey

# RFC 8037, appendix A.1, A.3 and A.4
RFC_JWK = (
    b'{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",'
    b'"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
)
RFC_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
RFC_SIGNING_INPUT = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
RFC_SIGNATURE = bytes.fromhex(
    "860c98d2297f3060a33f42739672d61b53cf3adefed3d3c672f320dc021b411e"
    "9d59b8628dc351e248b88b29468e0e41855b0fb7d83bb15be902bfccb8cd0a02"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signing.pem"


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_example_of_the_rfc_is_signed_to_the_byte(path: Path) -> None:
    key = SigningKey.load(written(path, RFC_JWK), "box-a")
    assert key.sign(RFC_SIGNING_INPUT) == RFC_SIGNATURE
    assert key.public.kid == RFC_THUMBPRINT


def test_another_library_verifies_what_is_signed() -> None:
    key = SigningKey.create("box-a")
    raw = Ed25519PublicKey.from_public_bytes(key.jose.public_key.public_bytes_raw())
    raw.verify(key.sign(b"message"), b"message")


def test_a_saved_key_is_loaded_and_only_its_owner_can_read_it(path: Path) -> None:
    key = SigningKey.create("box-a")
    key.save(path)
    again = SigningKey.load(path, "box-a")
    assert path.stat().st_mode & 0o777 == 0o600
    assert again.sign(b"message") == key.sign(b"message")
    assert again.public.as_jwk() == key.public.as_jwk()
    load_pem_private_key(path.read_bytes(), password=None)


def test_a_key_is_never_written_over_another(path: Path) -> None:
    SigningKey.create("box-a").save(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        SigningKey.create("box-a").save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o644, 0o666, 0o601])
def test_a_key_that_others_can_reach_is_not_used(path: Path, mode: int) -> None:
    with pytest.raises(Broken, match="by others") as broken:
        SigningKey.load(written(path, RFC_JWK, mode), "box-a")
    assert broken.value.code == "key-open"


def test_a_key_handed_over_by_systemd_is_used(path: Path) -> None:
    SigningKey.load(written(path, RFC_JWK, 0o440), "box-a")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        RFC_JWK.replace(b'"d":', b'"e":'),
        RFC_JWK.replace(b"nWGx", b"nWG"),
        b'{"kty":"OKP"}',
        b'{"kty":"OKP","crv":"Ed25519","x":1,"d":2}',
        OKPKey.generate_key("Ed448").as_pem(private=True),
        OKPKey.generate_key("X25519").as_pem(private=True),
        OKPKey.generate_key("Ed25519").as_pem(private=False),
        ECKey.generate_key("P-256").as_pem(private=True),
        b"\xff" * 100_000,
    ],
)
def test_a_file_without_an_ed25519_private_key_is_named(path: Path, content: bytes) -> None:
    with pytest.raises(Broken, match=r"signing\.pem holds") as broken:
        SigningKey.load(written(path, content), "box-a")
    assert broken.value.code == "key-malformed"


def test_a_key_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(Broken, match="cannot be read: No such file"):
        SigningKey.load(path, "box-a")


def test_a_key_does_not_show_itself_in_a_log_line() -> None:
    key = SigningKey.create("box-a")
    assert repr(key) == f"SigningKey(kid='{key.public.kid}', box='box-a')"
    assert str(key.jose.as_dict(private=True)["d"]) not in f"{key} {key!r}"
