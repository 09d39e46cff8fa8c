"""An authority with its register, and the platform's keys, for every test its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from device.record.keys import Jwks
from device.record.signing_key import SigningKey
from provisioning.__main__ import main
from provisioning.register import Register

PASSPHRASE = "four unlikely words here"  # noqa: S105 (opens only what the tests seal)
Provision = Callable[..., int]


@pytest.fixture
def passphrase() -> str:
    """What opens the authority of the tests."""
    return PASSPHRASE


@pytest.fixture(scope="session")
def sealed_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority as `authority init` leaves it, made once, and sealed at a tenth of the cost.

    Opening it costs what sealing did, and most tests do. `test_sealed_key.py` seals at the full cost.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setattr("provisioning.sealed_key.SCRYPT_P", 1)
        environment.setenv("ESTU_AUTHORITY_PASSPHRASE", PASSPHRASE)
        folder = tmp_path_factory.mktemp("sealed") / "authority"
        assert main(["authority", "init", str(folder)]) == 0
    return folder


@pytest.fixture
def authority(sealed_authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An authority of the test's own, chosen by the environment as a technician would.

    Label codes are hashed cheaply beside it; `test_label_code.py` hashes at the full cost.
    """
    monkeypatch.setattr("device.page.label_code._LOG2_N", 10)
    folder = tmp_path / "authority"
    shutil.copytree(sealed_authority, folder)
    monkeypatch.setenv("ESTU_AUTHORITY", str(folder))
    monkeypatch.setenv("ESTU_AUTHORITY_PASSPHRASE", PASSPHRASE)
    return folder


@pytest.fixture
def platform_keys(tmp_path: Path) -> Path:
    """The file with the platform's public keys."""
    path = tmp_path / "platform.jwks"
    path.write_bytes(Jwks.of([SigningKey.create(None).public]).as_json())
    return path


@pytest.fixture
def provision(authority: Path) -> Provision:
    """The command line."""
    return lambda *words: main([str(word) for word in words])


@pytest.fixture
def enrol(provision: Provision, platform_keys: Path, tmp_path: Path) -> Callable[..., Path]:
    """Enrol one box with fit values, and give its folder."""

    def enrolled(box: str = "estu-0001", *more: str) -> Path:
        folder = tmp_path / "cards" / box
        words = ["--venue", "Абай атындағы опера", "--hall", "Main hall", "--language", "kk"]
        target = ["--platform-keys", platform_keys, "--broker", "mqtts://broker.example", "--out", folder]
        assert provision("enrol", box, *words, *target, *more) == 0
        return folder

    return enrolled


@pytest.fixture
def register(authority: Path):
    """The register, opened after the commands have run."""
    opened = []

    def open_register() -> Register:
        opened.append(Register.open(authority / "register.sqlite"))
        return opened[-1]

    yield open_register
    for each in opened:
        each.close()
