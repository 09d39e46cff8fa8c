"""An authority with its register, and the platform's keys, for every test its own; a signed image for all."""

import lzma
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from device.record.keys import Jwks
from device.record.signing_key import SigningKey
from provisioning.__main__ import main
from provisioning.register import Register
from tests.simulated.small_image import make_image

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


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a publisher of images gives away: `estu-1.0` as .img and .img.xz, its map, its manifest, the public key."""
    folder = tmp_path_factory.mktemp("release")
    image = folder / "estu-1.0.img"
    make_image(image)
    assert main(["image", "key", "--out", str(folder)]) == 0
    assert (
        main(["image", "sign", str(image), "--key", str(folder / "image-key.pem"), "--version", "1.0"]) == 0
    )
    (folder / "estu-1.0.img.xz").write_bytes(lzma.compress(image.read_bytes(), preset=0))
    return folder


@pytest.fixture
def image(release: Path, authority: Path) -> Path:
    """A signed image that the authority trusts."""
    shutil.copy(release / "image-keys.jwks", authority)
    return release / "estu-1.0.img"


@pytest.fixture(scope="session")
def shelf(sealed_authority: Path, release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority with the cards of estu-0001 and estu-0002, made once for all tests that look at cards."""
    folder = tmp_path_factory.mktemp("shelf")
    authority = folder / "authority"
    shutil.copytree(sealed_authority, authority)
    shutil.copy(release / "image-keys.jwks", authority)
    (folder / "platform.jwks").write_bytes(Jwks.of([SigningKey.create(None).public]).as_json())
    (folder / "boxes.csv").write_text(
        "box,venue,hall,language,ssid,wifi_password\nestu-0001,Абай,Үлкен зал,kk,,\nestu-0002,Кино,3,ru,Kino,password\n"
    )
    told = ["--platform-keys", str(folder / "platform.jwks"), "--broker", "mqtts://broker.example"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("device.page.label_code._LOG2_N", 10)
        patch.setenv("ESTU_AUTHORITY", str(authority))
        patch.setenv("ESTU_AUTHORITY_PASSPHRASE", PASSPHRASE)
        assert main(["enrol", "--batch", str(folder / "boxes.csv"), *told]) == 0
        assert main(["label", "--support", "x", "--out", str(folder / "labels.pdf")]) == 0
        assert main(["flash", str(release / "estu-1.0.img"), str(folder), "--simulate"]) == 0
    return folder


@pytest.fixture
def cards(shelf: Path, authority: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Copies of the cards of estu-0001 and estu-0002, with their register in the test's own authority."""
    shutil.copytree(shelf / "authority", authority, dirs_exist_ok=True)
    first, second = (Path(shutil.copy(shelf / f"estu-000{number}.img", tmp_path)) for number in (1, 2))
    return first, second


@pytest.fixture
def card(cards: tuple[Path, Path]) -> Path:
    """The card of estu-0001, for the test's own."""
    return cards[0]


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
def declare(provision: Provision, platform_keys: Path, tmp_path: Path) -> Callable[..., None]:
    """Enrol a box that will get a card, with fit values."""

    def declared(box: str = "estu-0001", *more: str | Path) -> None:
        words = ["--venue", "Абай атындағы опера", "--hall", "Үлкен зал", "--language", "kk"]
        target = ["--platform-keys", platform_keys, "--broker", "mqtts://broker.example"]
        assert provision("enrol", box, *words, *target, *more) == 0

    return declared


@pytest.fixture
def label(declare: Callable[..., None], provision: Provision, tmp_path: Path) -> Callable[..., Path]:
    """Enrol a box, print its label, and give the PDF."""

    def labelled(box: str = "estu-0001", *more: str | Path) -> Path:
        declare(box, *more)
        path = tmp_path / f"label-{box}.pdf"
        assert provision("label", box, "--support", "+7 727 000 00 00", "--out", path) == 0
        return path

    return labelled


@pytest.fixture
def flash(
    label: Callable[..., Path], provision: Provision, image: Path, tmp_path: Path
) -> Callable[..., Path]:
    """Make the simulated card of a box, from nothing."""

    def flashed(box: str = "estu-0001", *more: str | Path) -> Path:
        label(box, *more)
        path = tmp_path / f"{box}.img"
        assert provision("flash", image, path, box, "--simulate") == 0
        return path

    return flashed


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
