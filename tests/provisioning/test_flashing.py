"""A card is written: the image, the box's keys and settings, all read back; and only whose turn it is gets one."""

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from device import settings
from device.page.label_code import is_label_code
from device.record.keys import Jwks
from device.record.signature import EVENT_TYP, sign, verify
from device.record.signing_key import SigningKey
from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import read_table
from provisioning.register import Register
from tests.provisioning.cards import files_on
from tests.simulated.small_image import MIB, place_of

Declare = Callable[..., None]
Flash = Callable[..., Path]
Label = Callable[..., Path]
Provision = Callable[..., int]


def test_a_card_holds_the_image_and_who_the_box_is(
    flash: Flash, image: Path, provision: Provision, tmp_path: Path, register: Callable[[], Register]
) -> None:
    card = flash()
    wanted, written = image.read_bytes(), card.read_bytes()
    start, end = place_of("estu-data")
    assert written[:start] == wanted[:start]
    assert written[end:] == wanted[end:]
    there = files_on(card)
    assert set(there) == {
        *(
            f"etc-estu/{name}"
            for name in ("settings.toml", "signing.pem", "tls-key.pem", "tls.pem", "authority.pem")
        ),
        "etc-estu/platform.jwks",
        "etc-estu/label-code.scrypt",
        "network/10-estu-ethernet.network",
    }
    folder = tmp_path / "etc-estu"
    folder.mkdir()
    for name, content in there.items():
        (folder / Path(name).name).write_bytes(content)
    (folder / "signing.pem").chmod(0o600)
    read = settings.load(folder / "settings.toml")
    assert (read.box.id, read.box.venue, read.box.hall) == ("estu-0001", "Абай атындағы опера", "Үлкен зал")
    assert read.paths.signing_key == Path("/etc/estu/signing.pem")

    assert provision("export", "--out", tmp_path / "boxes.jwks") == 0
    jws = sign(b"an event", EVENT_TYP, SigningKey.load(folder / "signing.pem", "estu-0001"))
    assert verify(jws, Jwks.load(tmp_path / "boxes.jwks"), EVENT_TYP).key.box == "estu-0001"
    (row,) = register().boxes()
    assert row["status"] == "active"
    assert there["etc-estu/tls.pem"].decode() == row["certificate"]
    assert there["etc-estu/label-code.scrypt"].decode().strip() == row["label_code"]


def test_private_keys_are_on_the_card_and_nowhere_else(flash: Flash, tmp_path: Path) -> None:
    card = flash()
    there = files_on(card)
    lines = [
        line for name in ("signing.pem", "tls-key.pem") for line in there[f"etc-estu/{name}"].splitlines()
    ]
    secrets = [line for line in lines if b"-----" not in line]
    assert len(secrets) >= 3
    assert all(secret in card.read_bytes() for secret in secrets), "the scan must be able to find a key"
    elsewhere = [path for path in tmp_path.rglob("*") if path.is_file() and path != card]
    assert len(elsewhere) > 5
    for path in elsewhere:
        assert not any(secret in path.read_bytes() for secret in secrets), path


def test_only_root_reads_what_is_private_on_the_card(flash: Flash) -> None:
    card = flash()
    data = DataPartition(card, read_table(card).data)
    modes = {entry.path: (entry.mode, entry.uid, entry.gid) for entry in data.folder("etc-estu")}
    closed = {name for name, mode in modes.items() if mode == (0o600, 0, 0)}
    assert closed == {f"etc-estu/{name}" for name in ("signing.pem", "tls-key.pem", "label-code.scrypt")}
    assert all(modes[name] == (0o644, 0, 0) for name in set(modes) - closed)
    assert [entry.mode for entry in data.folder("") if entry.path == "etc-estu"] == [0o755]


def test_a_used_card_keeps_nothing_of_its_former_owner_but_in_the_root_slots(
    label: Label, provision: Provision, image: Path, tmp_path: Path
) -> None:
    label()
    card = tmp_path / "used.img"
    card.write_bytes(b"former owner" * (40 * MIB // 12))
    size = card.stat().st_size
    assert provision("flash", image, card, "estu-0001", "--simulate") == 0
    written = card.read_bytes()
    start, end = place_of("estu-data")
    outside = written[: place_of("root-a")[0]] + written[place_of("root-b")[1] : start]
    assert b"former owner" not in outside
    assert b"former owner" not in written[start:end], "its keys lay in the data partition"
    assert (len(written), written[-MIB:]) == (size, bytes(MIB)), (
        "grows nothing, leaves no second partition table"
    )


def test_a_packed_image_makes_the_same_card(
    label: Label, provision: Provision, image: Path, tmp_path: Path
) -> None:
    label()
    card = tmp_path / "card.img"
    assert provision("flash", image.with_suffix(".img.xz"), card, "estu-0001", "--simulate") == 0
    start = place_of("estu-data")[0]
    assert card.read_bytes()[:start] == image.read_bytes()[:start]


def test_a_box_that_has_its_card_gets_no_second_one(
    flash: Flash, provision: Provision, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flash()
    assert provision("flash", image, tmp_path / "second.img", "estu-0001", "--simulate") == 1
    assert "[box-flashed]" in capsys.readouterr().err
    assert not (tmp_path / "second.img").exists()


def test_a_box_without_a_label_is_not_flashed(
    declare: Declare, provision: Provision, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare()
    assert provision("flash", image, tmp_path / "card.img", "estu-0001", "--simulate") == 1
    assert "[box-unlabelled]" in capsys.readouterr().err
    assert provision("flash", image, tmp_path, "--simulate") == 1
    assert "[box-unlabelled]" in capsys.readouterr().err


def test_without_a_name_those_boxes_are_flashed_that_have_a_label_and_no_card(
    declare: Declare, label: Label, provision: Provision, image: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    declare("estu-0001")
    label("estu-0002")
    (tmp_path / "cards").mkdir()
    assert provision("flash", image, tmp_path / "cards", "--simulate") == 0
    assert [path.name for path in (tmp_path / "cards").iterdir()] == ["estu-0002.img"]
    assert provision("label", "estu-0001", "--support", "x", "--out", tmp_path / "more.pdf") == 0
    assert provision("flash", image, tmp_path / "cards", "--simulate") == 0
    assert provision("flash", image, tmp_path / "cards", "--simulate") == 1
    assert "[nothing-to-flash]" in capsys.readouterr().err


def test_the_card_of_a_working_box_is_not_erased_unless_the_box_is_named(
    flash: Flash, label: Label, provision: Provision, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = flash("estu-0001")
    before = card.read_bytes()
    label("estu-0002")
    assert provision("flash", image, card, "estu-0002", "--simulate") == 1
    assert "[card-of-active-box]" in capsys.readouterr().err
    assert card.read_bytes() == before
    assert provision("flash", image, card, "estu-0002", "--simulate", "--overwrite", "estu-0001") == 0
    assert provision("verify", card) == 0


def test_the_audit_trail_says_which_image_went_on_which_card(
    flash: Flash, register: Callable[[], Register]
) -> None:
    card = flash()
    lines = [line for line in register().audit() if line["subject"] == "estu-0001"]
    assert [line["action"] for line in lines] == ["enrol", "label", "make-keys", "flash"]
    detail = lines[-1]["detail"]
    assert (detail["image"], detail["target"]) == ("1.0", str(card))
    assert register().image(detail["sha256"]) is not None


def test_a_simulated_card_is_closed_to_others(flash: Flash) -> None:
    assert stat.S_IMODE(flash().stat().st_mode) == 0o600


def test_the_code_on_the_label_is_the_one_on_the_card(flash: Flash, tmp_path: Path) -> None:
    card = flash()
    shown = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "label-estu-0001.pdf"), "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    code = next(word for word in shown.split() if len(word) == 11 and word[5] == "-" and word.isupper())
    assert is_label_code(code, files_on(card)["etc-estu/label-code.scrypt"].decode().strip())
