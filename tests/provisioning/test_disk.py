"""The wrong disk is never written."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from device.errors import Refused
from provisioning.card import disk as disks
from provisioning.card.disk import Disk, permit, read
from tests.simulated.small_image import MIB, run

Label = Callable[..., Path]
Provision = Callable[..., int]
IMAGE = 1_500_000_000  # bytes


def told(**changed: Any) -> dict[str, Any]:
    """A card in a reader on USB, as lsblk of util-linux 2.38 tells of it."""
    part = {
        "name": "/dev/sdb1", "type": "part", "size": 268435456, "rm": True, "hotplug": True, "ro": False, "tran": None,
        "vendor": None, "model": None, "serial": None, "mountpoints": [None], "fstype": "vfat", "label": "CAMERA",
        "partlabel": None,
    }  # fmt: skip
    disk = {
        "name": "/dev/sdb", "type": "disk", "size": 31914983424, "rm": True, "hotplug": True, "ro": False, "tran": "usb",
        "vendor": "Generic ", "model": "STORAGE DEVICE", "serial": "000000001206", "mountpoints": [None],
        "fstype": None, "label": None, "partlabel": None, "children": [part],
    }  # fmt: skip
    return {**disk, **changed}


def part(**changed: Any) -> dict[str, Any]:
    return {**told()["children"][0], **changed}


def code(disk: Disk, again: str | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        permit(disk, IMAGE, "/dev/sdb", again)
    return refusal.value.code


def test_a_card_in_a_reader_may_be_erased() -> None:
    disk = read(told())
    permit(disk, IMAGE, "/dev/sdb", None)
    assert disk.described == "Generic STORAGE DEVICE 000000001206 usb"
    assert [(each.path, each.kind, each.name) for each in disk.parts] == [("/dev/sdb1", "vfat", "CAMERA")]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"type": "part"}, "target-no-disk"),
        ({"type": "rom"}, "target-no-disk"),
        ({"mountpoints": ["/"]}, "target-in-use"),
        ({"children": [part(mountpoints=["/media/aigul/CAMERA"])]}, "target-in-use"),
        ({"children": [part(mountpoints=["[SWAP]"])]}, "target-in-use"),
        ({"children": [part(children=[part(type="crypt", name="/dev/mapper/home")])]}, "target-in-use"),
        ({"children": [part(children=[part(type="raid1", name="/dev/md0")])]}, "target-in-use"),
        (
            {"children": [part(children=[part(type="lvm", name="/dev/vg/x", mountpoints=["/home"])])]},
            "target-in-use",
        ),
        ({"size": 0, "children": []}, "target-empty"),
        ({"size": IMAGE - 1, "children": []}, "target-small"),
        ({"ro": True}, "target-read-only"),
    ],
)
def test_some_disks_are_never_erased_however_often_they_are_named(
    changed: dict[str, Any], expected: str
) -> None:
    disk = read(told(**changed))
    assert code(disk) == expected
    assert code(disk, "/dev/sdb") == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"rm": False, "hotplug": False, "tran": "nvme"},
        {"rm": False, "hotplug": False, "tran": "sata"},
        {"size": 1_000_204_886_016},
        {"size": 1_600_000_000},
    ],
)
def test_a_disk_that_does_not_look_like_a_card_is_erased_only_if_named_twice(changed: dict[str, Any]) -> None:
    disk = read(told(**changed))
    assert code(disk) == "target-doubtful"
    assert code(disk, "/dev/sdc") == "target-named-differently"
    permit(disk, IMAGE, "/dev/sdb", "/dev/sdb")


def test_a_reader_in_a_laptops_case_counts_as_removable() -> None:
    slot = told(
        name="/dev/mmcblk0", rm=False, hotplug=True, tran=None, vendor=None, model=None, serial="0x1234"
    )
    permit(read(slot), IMAGE, "/dev/mmcblk0", None)


def test_a_name_that_was_typed_wrong_is_named(tmp_path: Path) -> None:
    for path, expected in ((tmp_path / "nothing", "target-missing"), (tmp_path, "target-no-disk")):
        with pytest.raises(Refused) as refusal:
            disks.find(path)
        assert refusal.value.code == expected


def test_a_file_is_no_target_without_simulate(
    label: Label, provision: Provision, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label()
    (tmp_path / "file").write_bytes(b"precious")
    assert provision("flash", image, tmp_path / "file", "estu-0001", "--yes") == 1
    assert "[target-no-disk]" in capsys.readouterr().err
    assert (tmp_path / "file").read_bytes() == b"precious"


@contextmanager
def block_device(backing: Path) -> Iterator[Path]:
    """Let a file be a disk: a loop device, which root alone can make; for others, the file itself."""
    if os.geteuid() != 0:
        yield backing
        return
    path = run("losetup", "--find", "--show", str(backing)).strip()
    try:
        yield Path(path)
    finally:
        run("losetup", "--detach", path)


def test_a_card_is_made_on_a_block_device_and_read_back_from_it(
    label: Label, provision: Provision, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label()
    backing = tmp_path / "card"
    backing.write_bytes(b"former owner" * (40 * MIB // 12))
    with block_device(backing) as disk:
        is_file = disk == backing
        if not is_file:
            assert provision("flash", image, disk, "estu-0001", "--yes") == 1
            assert "[target-doubtful]" in capsys.readouterr().err
            assert b"former owner" in backing.read_bytes()[:100]
        words = ["--simulate"] if is_file else ["--really", disk, "--yes"]
        assert provision("flash", image, disk, "estu-0001", *words) == 0
        assert provision("verify", disk) == 0
        if not is_file:
            subprocess.run(["sync"], check=True)
    assert provision("verify", backing) == 0


def test_a_disk_of_which_a_part_is_held_by_another_program_is_not_written(
    label: Label, provision: Provision, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import fcntl

    label()
    card = tmp_path / "card.img"
    card.write_bytes(b"precious" * (4 * MIB))
    with card.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert provision("flash", image, card, "estu-0001", "--simulate") == 1
    assert "[target-in-use]" in capsys.readouterr().err
    assert card.read_bytes() == b"precious" * (4 * MIB)
