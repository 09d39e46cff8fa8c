"""A card is looked at: it is the register's, or it is said what is not."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from device.record.signing_key import SigningKey
from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import read_table
from provisioning.identity import File
from provisioning.programs import run
from provisioning.register import Register
from tests.simulated.small_image import MIB, place_of

Enrol = Callable[..., Path]
Provision = Callable[..., int]


def data_on(card: Path) -> DataPartition:
    return DataPartition(card, read_table(card).data)


def overwrite(card: Path, place: int, content: bytes) -> None:
    with card.open("r+b") as file:
        file.seek(place)
        file.write(content)


def debugfs(card: Path, *requests: str) -> None:
    start = place_of("estu-data")[0]
    run(["debugfs", "-w", "-f", "-", f"{card}?offset={start}"], "\n".join([*requests, ""]).encode())


def replace(card: Path, name: str, content: bytes, mode: int = 0o600) -> None:
    debugfs(card, f"rm /{name}")
    data_on(card).write({name: File(content, mode)})


@pytest.fixture
def wrong(provision: Provision, capsys: pytest.CaptureFixture[str]) -> Callable[[Path], list[str]]:
    """Verify a card, and give what is wrong with it."""

    def verified(card: Path) -> list[str]:
        capsys.readouterr()
        status = provision("verify", card)
        lines = capsys.readouterr().out.splitlines()
        faults = [line.removeprefix("WRONG  ") for line in lines if line.startswith("WRONG")]
        assert status == (1 if faults else 0)
        return faults

    return verified


def test_a_new_card_is_the_registers(
    card: Path, wrong: Callable[[Path], list[str]], register: Callable[[], Register]
) -> None:
    before = card.read_bytes()
    assert wrong(card) == []
    assert card.read_bytes() == before, "looking changes nothing"
    last = register().audit()[-1]
    assert (last["action"], last["subject"], last["detail"]["faults"]) == ("verify", "estu-0001", [])


@pytest.mark.parametrize("name", ["boot-a", "root-a"])
def test_a_slot_that_rotted_is_named(card: Path, wrong: Callable[[Path], list[str]], name: str) -> None:
    place = place_of(name)[0]
    overwrite(card, place, bytes([card.read_bytes()[place] ^ 4]))
    assert [fault.split(" near")[0] for fault in wrong(card)] == [f"{name} differs from the image, first"]


def test_a_damaged_file_system_is_named(card: Path, wrong: Callable[[Path], list[str]]) -> None:
    debugfs(card, "sif <2> links_count 77")
    assert any(fault.startswith("the data partition's file system is") for fault in wrong(card))


def test_another_boxs_key_is_found_out(cards: tuple[Path, Path], wrong: Callable[[Path], list[str]]) -> None:
    card, other = cards
    replace(card, "etc-estu/signing.pem", data_on(other).read("etc-estu/signing.pem"))
    assert "the signing key is the register's." in wrong(card)


def test_a_tls_key_that_fits_no_certificate_is_found_out(
    cards: tuple[Path, Path], wrong: Callable[[Path], list[str]]
) -> None:
    card, other = cards
    replace(card, "etc-estu/tls-key.pem", data_on(other).read("etc-estu/tls-key.pem"))
    assert "the TLS key fits the certificate in the register." in wrong(card)


@pytest.mark.parametrize(
    "name", ["etc-estu/settings.toml", "etc-estu/platform.jwks", "etc-estu/authority.pem", "etc-estu/tls.pem"]
)
def test_a_changed_file_is_named(card: Path, wrong: Callable[[Path], list[str]], name: str) -> None:
    content = data_on(card).read(name)
    replace(card, name, content + b"\n# changed\n", 0o644)
    assert f"{name} differs from the register." in wrong(card)


def test_a_key_in_a_file_that_does_not_belong_there_is_found(
    card: Path, wrong: Callable[[Path], list[str]]
) -> None:
    replace(card, "etc-estu/signing.pem.bak", data_on(card).read("etc-estu/signing.pem"))
    faults = wrong(card)
    assert "etc-estu/signing.pem.bak does not belong there." in faults
    assert any("(estu-data)" in fault and "private key" in fault for fault in faults)


@pytest.mark.parametrize(
    ("form", "place"),
    [("raw", place_of("boot-b")[0] + 5000), ("pem", place_of("root-b")[0] + MIB), ("jwk", 900_000)],
)
def test_a_key_that_lies_in_a_wrong_place_is_found_in_any_form(
    card: Path, wrong: Callable[[Path], list[str]], form: str, place: int
) -> None:
    pem = data_on(card).read("etc-estu/signing.pem")
    held = card.with_suffix(".pem")
    held.write_bytes(pem)
    held.chmod(0o600)
    key = SigningKey.load(held, None).jose
    found = {
        "raw": key.private_key.private_bytes_raw(),
        "pem": pem,
        "jwk": str(key.as_dict(private=True)["d"]).encode(),
    }
    overwrite(card, place, b"..." + found[form])
    (fault,) = wrong(card)
    assert fault.endswith("holds a private key or a part of one.")
    assert place <= int(fault.split()[1]) < place + 40


def test_a_former_boxs_key_in_free_space_is_found(card: Path, wrong: Callable[[Path], list[str]]) -> None:
    overwrite(card, place_of("estu-data")[1] - 64 * 1024, b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n")
    assert any("(estu-data)" in fault for fault in wrong(card))


@pytest.mark.parametrize(
    "request_",
    [
        "sif /etc-estu/signing.pem mode 0100644",
        "sif /etc-estu/tls-key.pem uid 1000",
        "sif /etc-estu/label-code.scrypt mode 0100640",
        "sif /etc-estu/settings.toml gid 1000",
    ],
)
def test_wrong_owners_and_permissions_are_named(
    card: Path, wrong: Callable[[Path], list[str]], request_: str
) -> None:
    debugfs(card, request_)
    name = request_.split()[1].lstrip("/")
    assert f"{name} has a wrong owner or permissions." in wrong(card)


def test_owners_that_the_box_gives_at_its_first_start_are_right(
    card: Path, wrong: Callable[[Path], list[str]]
) -> None:
    debugfs(card, "sif /etc-estu/signing.pem uid 998", "sif /etc-estu/tls-key.pem uid 997")
    assert wrong(card) == []


def test_a_retired_boxs_card_is_not_good(
    card: Path, provision: Provision, wrong: Callable[[Path], list[str]]
) -> None:
    assert provision("retire", "estu-0001", "--reason", "lost") == 0
    assert wrong(card) == ["box estu-0001 is retired in the register."]


def test_a_card_of_another_register_is_not_known_here(
    card: Path, provision: Provision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert provision("authority", "init", tmp_path / "other") == 0
    assert provision("verify", card, "--authority", tmp_path / "other") == 1
    assert "box estu-0001 is not in the register" in capsys.readouterr().out


def test_what_is_no_card_is_said_to_be_none(
    provision: Provision, tmp_path: Path, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.img").write_bytes(bytes(MIB))
    assert provision("verify", tmp_path / "empty.img") == 1
    assert "[card-unknown]" in capsys.readouterr().err
    assert provision("verify", image) == 1
    assert "[card-file-missing]" in capsys.readouterr().err


def test_a_card_is_held_against_the_image_that_is_given(
    card: Path, provision: Provision, image: Path
) -> None:
    assert provision("verify", card, "--image", image) == 0


def test_the_box_made_by_hand_has_the_same_files(enrol: Enrol, card: Path) -> None:
    folder = enrol("estu-0009")
    assert {path.name for path in folder.iterdir()} == {
        Path(entry.path).name for entry in data_on(card).folder("etc-estu")
    }


def test_the_file_system_is_still_sound_for_the_systems_own_checker(card: Path) -> None:
    start = place_of("estu-data")[0]
    ended = subprocess.run(
        ["/usr/sbin/e2fsck", "-f", "-n", f"{card}?offset={start}"], capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_the_card_of_a_box_with_wifi_is_the_registers(
    cards: tuple[Path, Path], wrong: Callable[[Path], list[str]]
) -> None:
    _, card = cards
    assert wrong(card) == []
    network = data_on(card).read("network/wpa_supplicant.conf")
    replace(card, "network/wpa_supplicant.conf", network.replace(b"ssid=", b"ssid=00"))
    assert "network/wpa_supplicant.conf differs from the register." in wrong(card)
