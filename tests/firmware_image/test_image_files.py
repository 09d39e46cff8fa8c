"""What the image is put together from: boot files, the first program, units, the scan. The long build is `make image`."""

import gzip
import os
import random
import re
import shlex
import stat
import struct
import subprocess
from pathlib import Path

import pytest
from estu_image import boot_files, bundle, fat, layout, scan, sources, units
from estu_image import tree as tree_of
from estu_image.cpio import Archive
from estu_image.kernel import Kernel, module_order

from device.errors import Broken

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


def test_the_hook_of_an_update_gives_each_slot_its_own_root(tmp_path: Path) -> None:
    script = tmp_path / "hook"
    script.write_text(bundle.hook())
    line = tmp_path / "cmdline.txt"
    for slot_name, letter in (("boot.1", "B"), ("boot.0", "A"), ("boot.0", "A"), ("boot.1", "B")):
        line.write_text(boot_files.command_line("A"))
        told = {"RAUC_SLOT_NAME": slot_name, "RAUC_SLOT_MOUNT_POINT": str(tmp_path), "PATH": "/usr/bin:/bin"}
        subprocess.run(["sh", script, "slot-post-install"], env=told, check=True)
        assert line.read_text() == boot_files.command_line(letter)


def test_a_bundle_has_the_version_of_the_system_in_it(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="make image"):
        bundle.version_of(tmp_path)
    (tmp_path / "root/usr/lib").mkdir(parents=True)
    (tmp_path / "root/usr/lib/os-release").write_text("ID=debian\nIMAGE_ID=estu\nIMAGE_VERSION=1.2.3\n")
    assert bundle.version_of(tmp_path) == "1.2.3"


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


def test_what_a_module_needs_stays_though_it_is_for_other_machines() -> None:
    """A USB microphone's driver needs a piece of the cameras': without it a box was deaf."""
    needs = {
        "kernel/sound/usb/snd-usb-audio.ko.xz": ["kernel/drivers/media/mc/mc.ko.xz", "kernel/sound/core/snd.ko.xz"],
        "kernel/sound/core/snd.ko.xz": [],
        "kernel/drivers/media/mc/mc.ko.xz": [],
        "kernel/drivers/media/usb/uvc/uvcvideo.ko.xz": ["kernel/drivers/media/mc/mc.ko.xz"],
        "kernel/drivers/gpu/drm/drm.ko.xz": [],
        "kernel/drivers/net/ethernet/broadcom/genet/genet.ko.xz": [],
        "kernel/drivers/net/ethernet/cadence/macb.ko.xz": [],
        "kernel/drivers/net/ethernet/cavium/liquidio.ko.xz": [],
        "kernel/drivers/net/ethernet/intel/e1000.ko.xz": [],
    }  # fmt: skip
    gone = [Path(path).name.split(".")[0] for path in tree_of.modules_not_needed(needs)]
    assert gone == ["drm", "uvcvideo", "liquidio", "e1000"]


def test_accounts_do_not_say_on_which_day_the_root_was_made(tmp_path: Path) -> None:
    made = []
    for day in ("20784", "20785"):
        shadow = tmp_path / day
        shadow.write_text(f"root:*:{day}:0:99999:7:::\nestu-sync:!*:{day}::::::\n")
        tree_of.forget_days(shadow)
        made.append(shadow.read_text())
    assert made == ["root:*::0:99999:7:::\nestu-sync:!*:::::::\n"] * 2


def test_dates_do_not_tell_when_the_root_was_made(tmp_path: Path) -> None:
    found = []
    for made in (DATE - 1000, DATE + 1000):  # under another commit, older or newer
        debian, root = tmp_path / f"debian-{made}", tmp_path / f"root-{made}"
        (debian / "var/lib/dpkg").mkdir(parents=True)
        for name, at in (("packaged", 1_600_000_000), ("made", made), ("var/lib/dpkg/status", made)):
            (debian / name).touch()
            os.utime(debian / name, (at, at))
        for folder in (debian / "var/lib/dpkg", debian / "var/lib", debian / "var", debian):
            os.utime(folder, (made, made))
        tree_of.begin(debian, root, DATE)
        found.append({name: (root / name).stat().st_mtime for name in ("packaged", "made", "var/lib/dpkg")})
    assert found == [{"packaged": 1_600_000_000, "made": DATE, "var/lib/dpkg": DATE}] * 2


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


def test_sources_are_this_machines_mirrors_and_the_images_release() -> None:
    text = sources.written({"Debian": "http://mirror/debian", "Debian-Security": "http://mirror/security"})
    assert text.count("Types: deb\n") == 2
    assert (
        "URIs: http://mirror/debian\nSuites: trixie trixie-updates\nComponents: main non-free-firmware\n"
        in text
    )
    assert "URIs: http://mirror/security\nSuites: trixie-security\n" in text


def test_every_unit_of_ours_that_starts_by_itself_names_a_target() -> None:
    for path in sorted((SOURCE / "units").glob("estu-*")):
        text = path.read_text()
        if "[Install]" in text:
            assert units.wanted_by(text), path.name
    for place in ("estu-listen.service", "estu-sync.service", "estu-page.socket", "estu-update.path"):
        assert units.wanted_by((SOURCE / "units" / place).read_text())


def test_what_our_units_start_is_in_the_overlay() -> None:
    overlay = SOURCE / "overlay"
    for path in sorted((SOURCE / "units").glob("estu-*.service")):
        for command in re.findall(r"^ExecStart(?:Pre|StopPost)?=(.*)$", path.read_text(), re.MULTILINE):
            program = Path(shlex.split(command)[0])
            if "estu" in program.name or "estu" in program.parts:
                inside = overlay / program.relative_to("/")
                assert inside.stat().st_mode & 0o111, f"{path.name}: {program}"


def test_systemd_finds_nothing_wrong_with_our_units(tmp_path: Path) -> None:
    root = made_up_root(tmp_path)
    ours = sorted(
        path
        for path in (SOURCE / "units").iterdir()
        if path.suffix in {".service", ".timer", ".path", ".socket"}
    )
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *ours],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in checked.stderr.splitlines() if "estu-" in line]
    # Programs of the image are not on this machine; its systemd may be older than the image's.
    serious = [
        line for line in lines if not re.search(r"is not executable|RestartSteps|RestartMaxDelaySec", line)
    ]
    assert serious == [], root


def made_up_root(folder: Path) -> Path:
    """A tree with what the scan looks at, all as it should be."""
    root = folder / "root"
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\nestu-sync:x:990:990::/:/usr/sbin/nologin\n",
        "etc/shadow": "root:*:20000::::::\nestu-sync:!*:20000::::::\n",
        "etc/machine-id": "",
        "usr/bin/estu": "#!/usr/bin/python3 -I\n",
        "usr/lib/systemd/system/estu-page.socket": "[Socket]\nListenStream=80\n",
        "usr/lib/systemd/system/ssh.socket": "[Socket]\nListenStream=0.0.0.0:22\n",
        "etc/systemd/system/emergency.service": "[Service]\nExecStart=/usr/bin/systemctl --force reboot\n",
        "etc/systemd/system/rescue.service": "[Service]\nExecStart=/usr/bin/systemctl --force reboot\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    for unit in units.MASKED:
        kind = "system-generators" if unit.endswith("generator") else "system"
        place = root / "etc/systemd" / kind / unit
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to("/dev/null")
    wants = root / "etc/systemd/system/sockets.target.wants"
    wants.mkdir()
    (wants / "estu-page.socket").symlink_to("/usr/lib/systemd/system/estu-page.socket")
    return root


def test_the_scan_has_nothing_to_say_of_a_good_tree(tmp_path: Path) -> None:
    assert scan.faults(made_up_root(tmp_path)) == []


def spoil_password(root: Path) -> None:
    (root / "etc/shadow").write_text("root:$y$j9T$salt$hash:20000::::::\n")


def spoil_empty_password(root: Path) -> None:
    (root / "etc/shadow").write_text("root::20000::::::\n")


def spoil_second_root(root: Path) -> None:
    (root / "etc/passwd").write_text("root:x:0:0::/:\nadmin:x:0:0::/:/bin/sh\n")


def spoil_key(root: Path) -> None:
    (root / "usr/lib/estu").mkdir()
    (root / "usr/lib/estu/any-name").write_text("text before\n-----BEGIN EC PRIVATE KEY-----\nMHcC\n")


def spoil_identity(root: Path) -> None:
    (root / "etc/machine-id").write_text("0" * 32 + "\n")


def spoil_setuid(root: Path) -> None:
    (root / "usr/bin/estu").chmod(0o4755)


def spoil_writable(root: Path) -> None:
    (root / "usr/bin/estu").chmod(0o666)


def spoil_server(root: Path) -> None:
    (root / "usr/sbin").mkdir()
    (root / "usr/sbin/sshd").write_text("")


def spoil_door(root: Path) -> None:
    (root / "etc/systemd/system/sockets.target.wants/ssh.socket").symlink_to(
        "/usr/lib/systemd/system/ssh.socket"
    )


def spoil_terminal(root: Path) -> None:
    (root / "etc/systemd/system/getty@.service").unlink()


def spoil_emergency(root: Path) -> None:
    (root / "etc/systemd/system/emergency.service").write_text(
        "[Service]\nExecStart=/usr/lib/systemd/systemd-sulogin-shell\n"
    )


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (spoil_password, "password"),
        (spoil_empty_password, "password"),
        (spoil_second_root, "second root"),
        (spoil_key, "private key"),
        (spoil_identity, "machine-id"),
        (spoil_setuid, "setuid"),
        (spoil_writable, "written by everybody"),
        (spoil_server, "sshd"),
        (spoil_door, "ssh.socket"),
        (spoil_terminal, "getty@"),
        (spoil_emergency, "shell"),
    ],
)
def test_the_scan_names_what_must_not_be(tmp_path: Path, spoil: object, word: str) -> None:
    root = made_up_root(tmp_path)
    assert callable(spoil)
    spoil(root)
    found = scan.faults(root)
    assert len(found) >= 1
    assert any(word in fault for fault in found), found


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
