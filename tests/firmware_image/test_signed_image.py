"""What lies beside a built image: a map and a signature that provisioning trusts, or nothing."""

from pathlib import Path

import pytest
from estu_image.__main__ import main, sign

from device.record.keys import Jwks
from device.record.signing_key import SigningKey
from provisioning.image.manifest import open_signed
from tests.simulated.small_image import make_image


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "estu-1.2.3-arm64.img"
    make_image(path)
    return path


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    made = SigningKey.create(None)
    made.save(tmp_path / "key.pem")
    return made


def test_a_signed_image_is_one_that_provisioning_trusts(image: Path, key: SigningKey, tmp_path: Path) -> None:
    sign(image, "1.2.3", tmp_path / "key.pem")
    assert open_signed(image, Jwks.of([key.public])).manifest.version == "1.2.3"


@pytest.mark.usefixtures("key")
def test_an_unsigned_build_leaves_no_signature_of_an_earlier_one(image: Path, tmp_path: Path) -> None:
    sign(image, "1.2.3", tmp_path / "key.pem")
    sign(image, "1.2.3", None)
    assert not {".bmap", ".jws"} & {path.suffix for path in tmp_path.iterdir()}


def test_a_key_that_is_not_there_is_said_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = tmp_path / "updates.pem"
    asked = ["image", "--certificate", certificate, "--release-key", tmp_path / "none.pem", "--out", tmp_path]
    assert main([str(word) for word in asked]) == 1
    assert "none.pem" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
