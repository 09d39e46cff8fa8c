"""A card is written: the image, the box's keys and settings, all read back; or it was cut short, and is written again."""

import errno
import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from device import settings
from device.page.label_code import is_label_code
from device.record.keys import Jwks
from device.record.signature import EVENT_TYP, sign, verify
from device.record.signing_key import SigningKey
from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import HEAD, read_table
from provisioning.card.target import Target
from provisioning.register import Register
from tests.simulated.small_image import MIB, place_of

Declare = Callable[..., None]
Flash = Callable[..., Path]
Label = Callable[..., Path]
Provision = Callable[..., int]


def files_on(card: Path) -> dict[str, bytes]:
    data = DataPartition(card, read_table(card).data)
    return {
        entry.path: data.read(entry.path)
        for folder in ("etc-estu", "network")
        for entry in data.folder(folder)
    }


def revoked(authority: Path) -> set[int]:
    crl = x509.load_pem_x509_crl((authority / "revoked.pem").read_bytes())
    return {entry.serial_number for entry in crl}


def serials(register: Register, box: str) -> list[int]:
    made = [line for line in register.audit() if (line["action"], line["subject"]) == ("make-keys", box)]
    return [int(line["detail"]["serial"], 16) for line in made]


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


@pytest.mark.parametrize("name", ["estu-1.0.img", "estu-1.0.jws"])
def test_an_altered_image_touches_no_card(
    label: Label,
    provision: Provision,
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    label()
    shutil.copytree(image.parent, tmp_path / "published")
    content = bytearray((tmp_path / "published" / name).read_bytes())
    content[len(content) // 3] ^= 1
    (tmp_path / "published" / name).write_bytes(content)
    card = tmp_path / "card.img"
    card.write_bytes(b"precious" * (4 * MIB))
    assert provision("flash", tmp_path / "published" / "estu-1.0.img", card, "estu-0001", "--simulate") == 1
    assert "[image-" in capsys.readouterr().err
    assert card.read_bytes() == b"precious" * (4 * MIB)


def test_an_image_that_changes_after_its_check_does_not_become_a_card(
    label: Label, provision: Provision, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    label()
    published = tmp_path / "published"
    shutil.copytree(image.parent, published)
    real = Target.begin

    def begin(target: Target) -> None:
        with (published / "estu-1.0.img").open("r+b") as file:
            file.seek(place_of("root-a")[0] + 1000)
            file.write(b"somebody else's program")
        real(target)

    monkeypatch.setattr(Target, "begin", begin)
    card = tmp_path / "card.img"
    assert provision("flash", published / "estu-1.0.img", card, "estu-0001", "--simulate") == 1
    assert "[image-altered]" in capsys.readouterr().err
    assert card.read_bytes()[:HEAD] == bytes(HEAD)


@pytest.mark.parametrize(
    ("place", "what"),
    [(place_of("boot-a")[0], "boot"), (place_of("root-a")[0] + MIB, "root"), (0, "table")],
)
def test_a_card_that_forgets_is_found_out(
    label: Label, provision: Provision, image: Path, tmp_path: Path, authority: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], register: Callable[[], Register],
    place: int, what: str,
) -> None:  # fmt: skip
    label()
    real = os.pwrite

    def forgetful(descriptor: int, content: memoryview, offset: int) -> int:
        kept = bytearray(content)
        if offset <= place < offset + len(kept):
            kept[place - offset] = 0xFF
        return real(descriptor, kept, offset)

    monkeypatch.setattr(os, "pwrite", forgetful)
    assert provision("flash", image, tmp_path / "card.img", "estu-0001", "--simulate") == 1
    assert "[card-differs]" in capsys.readouterr().err
    opened = register()
    assert opened.boxes()[0]["status"] == "enrolled"
    assert revoked(authority) == set(serials(opened, "estu-0001")), what


def test_a_card_that_breaks_is_said_to_be_broken_and_another_is_written(
    label: Label, provision: Provision, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], register: Callable[[], Register], authority: Path,
) -> None:  # fmt: skip
    label()
    with monkeypatch.context() as broken:
        real = os.pwrite

        def breaks(descriptor: int, content: memoryview, offset: int) -> int:
            if offset >= place_of("root-a")[0]:
                raise OSError(errno.EIO, "Input/output error")
            return real(descriptor, content, offset)

        broken.setattr(os, "pwrite", breaks)
        assert provision("flash", image, tmp_path / "broken.img", "estu-0001", "--simulate") == 1
    assert "[card-broken]" in capsys.readouterr().err
    assert provision("flash", image, tmp_path / "card.img", "estu-0001", "--simulate") == 0
    assert provision("verify", tmp_path / "card.img") == 0
    first, second = serials(register(), "estu-0001")
    assert first in revoked(authority)
    assert second not in revoked(authority)


def cut_at(moment: str) -> None:
    """Let this process be killed, as by a power cut, at a moment of the next flashing."""

    def dies(owner: object, name: str, calls: int) -> None:
        real, count = getattr(owner, name), iter(range(1, 1_000_000))

        def instead(*arguments: object) -> object:
            if next(count) == calls:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments)

        setattr(owner, name, instead)

    match moment:
        case "before the first byte":
            dies(Target, "begin", 1)
        case "while the image is written":
            dies(os, "pwrite", 6)
        case "while the box's files are written":
            dies(DataPartition, "objection", 1)
        case "before the table is written":
            dies(Target, "finish", 1)
        case "before the register knows":
            dies(Register, "confirm", 1)


@pytest.mark.parametrize(
    "moment",
    [
        "before the first byte",
        "while the image is written",
        "while the box's files are written",
        "before the table is written",
        "before the register knows",
    ],
)
def test_flashing_that_was_cut_can_be_repeated(
    label: Label, provision: Provision, image: Path, tmp_path: Path, authority: Path,
    register: Callable[[], Register], moment: str,
) -> None:  # fmt: skip
    label()
    card = tmp_path / "card.img"
    flashing = ("flash", image, card, "estu-0001", "--simulate")

    def until_cut() -> None:
        cut_at(moment)
        os._exit(provision(*flashing))

    process = multiprocessing.get_context("fork").Process(target=until_cut)
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL, "it was not cut"
    assert register().boxes()[0]["status"] == "enrolled"
    assert provision("verify", card) == 1, "what was cut is not taken for a card"
    assert provision(*flashing) == 0
    assert provision("verify", card) == 0
    opened = register()
    given_up, counts = serials(opened, "estu-0001")
    assert revoked(authority) == {given_up}, "keys on a card that was cut open nothing"
    assert int(opened.boxes()[0]["serial"], 16) == counts


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


def test_a_card_too_small_for_its_files_is_refused(
    label: Label, provision: Provision, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The image's data partition is full: `debugfs` says so on no exit status."""
    label()
    real = DataPartition.write

    def full(data: DataPartition, files: object) -> None:
        filler = {f"filler-{number}": _filler() for number in range(6)}
        real(data, filler)
        real(data, files)  # type: ignore[arg-type]

    monkeypatch.setattr(DataPartition, "write", full)
    assert provision("flash", image, tmp_path / "card.img", "estu-0001", "--simulate") == 1
    assert "[card-differs]" in capsys.readouterr().err


def _filler() -> object:
    from provisioning.identity import File

    return File(os.urandom(MIB), 0o600)


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
