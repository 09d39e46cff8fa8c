"""What the firmware and the first program find: boot files and their partitions, modules, the first program itself."""

import gzip
import random
import re
import stat
import struct
import subprocess
from pathlib import Path

import pytest
from estu_image import boot_files, fat, layout
from estu_image.cpio import Archive
from estu_image.kernel import Kernel, module_order

SOURCE = Path(__file__).parents[2] / "firmware-image"
DATE = 1_750_000_000


def tree(size: int = 64) -> bytes:
    return b"\xd0\x0d\xfe\xed" + struct.pack(">I", size) + bytes(size - 8)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    """A kernel of the right form, with nothing in it."""
    image = tmp_path / "vmlinuz"
    image.write_bytes(bytes(0x38) + b"ARM\x64" + bytes(100))
    trees = {}
    for name in ("bcm2711-rpi-4-b.dtb", "bcm2837-rpi-zero-2-w.dtb", "bcm2710-rpi-zero-2-w.dtb"):
        trees[name] = tmp_path / name
        trees[name].write_bytes(tree())
    return Kernel("6.12.0", image, tmp_path / "modules", trees)


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    folder = tmp_path / "firmware"
    folder.mkdir()
    for name in ("bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat"):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def slot(firmware: Path, kernel: Kernel) -> dict[str, bytes]:
    return boot_files.slot_files(
        firmware, SOURCE / "boot" / "config.txt", kernel, gzip.compress(b"", mtime=0)
    )


@pytest.fixture
def choose(firmware: Path) -> dict[str, bytes]:
    return boot_files.choose_files(firmware)


def test_the_firmware_finds_all_that_it_needs(choose: dict[str, bytes], slot: dict[str, bytes]) -> None:
    assert boot_files.faults(choose, slot) == []


@pytest.mark.parametrize(
    "name",
    [
        "start4.elf",
        "fixup.dat",
        "config.txt",
        "cmdline.txt",
        "kernel.img",
        "initramfs.img",
        "bcm2711-rpi-4-b.dtb",
    ],
)
def test_a_file_that_is_missing_is_named(choose: dict[str, bytes], slot: dict[str, bytes], name: str) -> None:
    del slot[name]
    assert any(name in fault for fault in boot_files.faults(choose, slot))


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("kernel.img", b"MZ, but no arm64 Image".ljust(100), "no arm64 Image"),
        ("bcm2711-rpi-4-b.dtb", tree()[:-1], "not a whole device tree"),
        ("cmdline.txt", boot_files.command_line("B").encode(), "45535455-05"),
        ("cmdline.txt", boot_files.command_line("A").strip().encode() + b" init=/bin/sh\n", "init="),
        ("config.txt", b"arm_64bit=1\nkernel=kernel.img\n", "initramfs"),
    ],
)
def test_a_file_that_would_not_boot_is_named(
    choose: dict[str, bytes], slot: dict[str, bytes], name: str, content: bytes, fault: str
) -> None:
    slot[name] = content
    assert any(fault in each for each in boot_files.faults(choose, slot))


def test_autoboot_must_be_one_sector_and_name_both_slots(
    choose: dict[str, bytes], slot: dict[str, bytes]
) -> None:
    for wrong in (choose["autoboot.txt"][:-1], choose["autoboot.txt"].replace(b"=3", b"=2"), b""):
        assert boot_files.faults({**choose, "autoboot.txt": wrong}, slot)
    assert len(choose["autoboot.txt"]) == layout.SECTOR


def test_a_boot_partition_is_the_same_bytes_each_time(tmp_path: Path, slot: dict[str, bytes]) -> None:
    made = []
    for number in (1, 2):
        target = tmp_path / f"{number}.vfat"
        fat.write(target, 40 * layout.MIB, "ESTU-BOOT-A", 7, slot, DATE)
        made.append(target.read_bytes())
    assert made[0] == made[1]
    assert fat.read(target) == slot


def test_a_disks_partitions_are_read_where_they_lie(tmp_path: Path, choose: dict[str, bytes]) -> None:
    fat.write(tmp_path / "fat", 40 * layout.MIB, "X", 1, choose, DATE)
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(layout.STEP) + (tmp_path / "fat").read_bytes())
    assert fat.read(disk, layout.STEP) == choose


def test_modules_are_loaded_after_those_they_need(tmp_path: Path) -> None:
    folder = tmp_path / "6.12.0"
    folder.mkdir()
    (folder / "modules.dep").write_text(
        "kernel/fs/ext4.ko.xz: kernel/lib/jbd2.ko.xz kernel/lib/mbcache.ko.xz\n"
        "kernel/lib/jbd2.ko.xz: kernel/lib/crc.ko\nkernel/lib/mbcache.ko.xz:\nkernel/lib/crc.ko:\n"
        "kernel/crypto/slow-crc.ko:\n"
    )
    (folder / "modules.softdep").write_text("# made by depmod\nsoftdep ext4 pre: slow_crc post: nothing\n")
    order = module_order(Kernel("6.12.0", tmp_path, folder, {}), ["ext4", "of_no_such_kernel", "jbd2"])
    assert [path.name.split(".")[0] for path in order] == ["crc", "jbd2", "mbcache", "slow-crc", "ext4"]


def test_the_first_programs_archive_unpacks_to_what_was_put_in(tmp_path: Path) -> None:
    archive = Archive()
    archive.folder("bin")
    archive.folder("dev")
    archive.file("bin/program", b"\x7fELF odd", 0o755)
    archive.link("bin/sh", "program")
    whole = archive.packed()
    assert len(whole) % 512 == 0
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        assert whole[at : at + 6] == b"070701"
        numbers = [int(whole[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name = whole[at + 110 : at + 110 + numbers[11] - 1].decode()
        start = at + (110 + numbers[11] + 3) // 4 * 4
        if name == "TRAILER!!!":
            break
        found[name] = (numbers[1], whole[start : start + numbers[6]])
        at = start + (numbers[6] + 3) // 4 * 4
    assert found["bin/program"] == (stat.S_IFREG | 0o755, b"\x7fELF odd")
    assert found["bin/sh"] == (stat.S_IFLNK | 0o777, b"program")
    assert stat.S_ISDIR(found["bin"][0])


def test_the_first_program_is_a_shell_script_that_opens_no_shell() -> None:
    init = SOURCE / "initramfs" / "init"
    subprocess.run(["sh", "-n", init], check=True)
    text = init.read_text()
    assert not re.search(r"exec .*\b(sh|ash)\b|setsid|cttyhack", text)
    assert text.count("give_up") >= 5


def test_bytes_of_a_boot_partition_that_flip_are_noticed_or_harmless(
    choose: dict[str, bytes], slot: dict[str, bytes]
) -> None:
    """Each byte of the two files that decide what is booted is on guard."""
    dice = random.Random(11)
    for name in ("cmdline.txt",):
        for _ in range(40):
            content = bytearray(slot[name])
            at = dice.randrange(content.index(b" rootfstype"))
            content[at] ^= 1 << dice.randrange(7)
            assert boot_files.faults(choose, {**slot, name: bytes(content)}), bytes(content)
