"""A card is not written, or not to the end: the image is altered, the card forgets or breaks, the power is cut; it is written again."""

import errno
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import HEAD
from provisioning.card.target import Target
from provisioning.register import Register
from tests.provisioning.cards import revoked, serials
from tests.simulated.small_image import MIB, place_of

Label = Callable[..., Path]
Provision = Callable[..., int]


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
